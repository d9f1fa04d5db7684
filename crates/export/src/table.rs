//! Rows of JSON as tables.

use serde_json::Value;

use crate::csv::harmless;

/// Rows of JSON as CSV with a header: a row for each of a list, a column for each value, those within others named with a
/// dot: `raw.published`. An object with `rows` is these rows. No cell is a formula, whatever members chose as names.
pub fn rows_as_csv(answer: &Value) -> String {
    let rows = answer.get("rows").unwrap_or(answer);
    let rows = rows
        .as_array()
        .map_or(std::slice::from_ref(answer), Vec::as_slice);
    let rows: Vec<_> = rows.iter().map(flat).collect();
    let mut columns: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    if columns.is_empty() {
        return String::new();
    }
    let cells = rows.iter().map(|row| {
        let cell = |column: &&str| {
            let cell = row.iter().find(|(name, _)| name == column);
            cell.map_or_else(String::new, |(_, text)| harmless(text.clone()))
        };
        columns.iter().map(cell).collect()
    });
    let header = columns
        .iter()
        .map(|&name| harmless(name.to_owned()))
        .collect();
    lines(std::iter::once(header).chain(cells))
}

/// Lines of CSV out of rows of one length.
pub(crate) fn lines(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer
            .write_record(row)
            .expect("memory takes rows of one length");
    }
    let bytes = writer.into_inner().expect("memory needs no flush");
    String::from_utf8(bytes).expect("text in quotes is text")
}

/// The names and texts of all values in a row, in its order; places in a list of objects count from 1.
pub fn flat(row: &Value) -> Vec<(String, String)> {
    let mut cells = Vec::new();
    flatten(String::new(), row, &mut cells);
    cells
}

fn flatten(name: String, value: &Value, cells: &mut Vec<(String, String)>) {
    let within = |part: &str| {
        if name.is_empty() {
            part.to_owned()
        } else {
            format!("{name}.{part}")
        }
    };
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                flatten(within(field), value, cells);
            }
        }
        Value::Array(values) if values.iter().any(Value::is_object) => {
            for (place, value) in values.iter().enumerate() {
                flatten(within(&(place + 1).to_string()), value, cells);
            }
        }
        Value::Array(values) => {
            let texts: Vec<_> = values.iter().map(text).collect();
            cells.push((name, texts.join(" ")));
        }
        other => cells.push((name, text(other))),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_become_lines() {
        let rows = json!([
            {"organisation": "Aoba, \"CSIRT\"", "raw": {"sold": 1}, "steps": [{"step": "requested"}, {"step": "settled"}]},
            {"organisation": "青葉\nline", "raw": {"sold": null}, "actions": ["hunt", "block"]},
        ]);
        assert_eq!(
            rows_as_csv(&rows),
            "organisation,raw.sold,steps.1.step,steps.2.step,actions\n\
             \"Aoba, \"\"CSIRT\"\"\",1,requested,settled,\n\"青葉\nline\",,,,hunt block\n"
        );
        assert_eq!(
            rows_as_csv(&json!({"rows": [{"paid": "-5"}], "findings": [{"id": 1}]})),
            "paid\n-5\n"
        );
        assert_eq!(rows_as_csv(&json!({"block": 7})), "block\n7\n");
        assert_eq!(rows_as_csv(&json!([])), "");
    }

    #[test]
    fn no_text_is_a_formula() {
        let cells = json!([{"name": "=HYPERLINK(\"x\")", "tags": ["@SUM(1)", "x"], "paid": "-1500", "=1+1": 2}]);
        assert_eq!(
            rows_as_csv(&cells),
            "'=1+1,name,paid,tags\n2,\"'=HYPERLINK(\"\"x\"\")\",-1500,'@SUM(1) x\n"
        );
    }
}

//! Answers as tables.

use ayumi_export::csv::is_formula;
use serde_json::Value;

/// A row for each row of a list, a column for each field, those within others named with a dot: `raw.published`.
pub(super) fn of(found: &Value) -> Vec<u8> {
    // Money is told as rows with findings beside them, which have a table of their own.
    let rows = found.get("rows").unwrap_or(found);
    let rows = rows
        .as_array()
        .map_or(std::slice::from_ref(found), Vec::as_slice);
    let rows: Vec<_> = rows.iter().map(flat).collect();
    let mut columns: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    let mut table = csv::Writer::from_writer(Vec::new());
    if columns.is_empty() {
        return Vec::new();
    }
    let mut write = |cells: Vec<&str>| {
        table
            .write_record(cells)
            .expect("memory takes rows of one length");
    };
    write(columns.clone());
    for row in &rows {
        let cells = columns.iter().map(|column| {
            let cell = row.iter().find(|(name, _)| name == column);
            cell.map_or("", |(_, value)| value.as_str())
        });
        write(cells.collect());
    }
    table
        .into_inner()
        .expect("memory takes all that is written to it")
}

fn flat(row: &Value) -> Vec<(String, String)> {
    let mut cells = Vec::new();
    flatten(String::new(), row, &mut cells);
    cells
}

fn flatten(name: String, value: &Value, cells: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() {
                    field.clone()
                } else {
                    format!("{name}.{field}")
                };
                flatten(name, value, cells);
            }
        }
        Value::Array(values) if values.iter().all(|value| !value.is_object()) => {
            let texts: Vec<_> = values.iter().map(text).collect();
            cells.push((name, harmless(texts.join(" "))));
        }
        Value::Array(values) => {
            for (place, value) in values.iter().enumerate() {
                flatten(format!("{name}.{}", place + 1), value, cells);
            }
        }
        Value::String(text) => cells.push((name, harmless(text.clone()))),
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

/// Spreadsheets run what begins like a formula, and members choose names and titles as they like.
fn harmless(text: String) -> String {
    if is_formula(&text) {
        return format!("'{text}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(value: &Value) -> String {
        String::from_utf8(of(value)).unwrap()
    }

    #[test]
    fn rows_become_lines() {
        let rows = json!([
            {"organisation": "Aoba, \"CSIRT\"", "raw": {"sold": 1}, "steps": [{"step": "requested"}, {"step": "settled"}]},
            {"organisation": "青葉\nline", "raw": {"sold": null}, "actions": ["hunt", "block"]},
        ]);
        assert_eq!(
            written(&rows),
            "organisation,raw.sold,steps.1.step,steps.2.step,actions\n\
             \"Aoba, \"\"CSIRT\"\"\",1,requested,settled,\n\"青葉\nline\",,,,hunt block\n"
        );
        assert_eq!(
            written(&json!({"rows": [{"paid": "-5"}], "findings": [{"id": 1}]})),
            "paid\n-5\n"
        );
        assert_eq!(written(&json!({"block": 7})), "block\n7\n");
        assert_eq!(written(&json!([])), "");
    }

    #[test]
    fn no_text_is_a_formula() {
        for hostile in [
            "=HYPERLINK(\"x\")",
            "+1",
            "-1+cmd",
            "@SUM(1)",
            "\t=1",
            "\r=1",
        ] {
            assert!(harmless(hostile.into()).starts_with('\''), "{hostile}");
        }
        assert_eq!(harmless("-1500".into()), "-1500");
        assert_eq!(harmless("CSIRT".into()), "CSIRT");
    }
}

//! JSON into a value, with the two checks that `serde_json` leaves out: duplicate keys and a nesting limit of our own.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::ParseError;
use crate::kept::{LIST, OBJECT, STRING};

/// How deep objects and lists may nest. MISP's own exports stay under 16; `serde_json` stops at 128.
pub const MAX_NESTING: usize = 64;

/// Reads one JSON value and nothing after it.
pub(crate) fn parse(text: &str) -> Result<Value, ParseError> {
    let mut fault = None;
    let mut json = serde_json::Deserializer::from_str(text);
    let seed = Checked {
        depth: 0,
        fault: &mut fault,
    };
    let read = seed
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value));
    read.map_err(|error| fault.map_or_else(|| not_json(&error), Fault::into_error))
}

/// One segment of a JSON pointer, escaped as RFC 6901 has it.
pub(crate) fn pointer_segment(segment: &str) -> String {
    format!("/{}", segment.replace('~', "~0").replace('/', "~1"))
}

/// The JSON type of a value, with its article.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => STRING,
        Value::Array(_) => LIST,
        Value::Object(_) => OBJECT,
    }
}

fn not_json(error: &serde_json::Error) -> ParseError {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = error.to_string();
    ParseError::NotJson {
        line: error.line(),
        column: error.column(),
        reason: reason.strip_suffix(&place).unwrap_or(&reason).to_owned(),
    }
}

/// What our own checks found. The path fills from its end while the recursion unwinds, so that a sound document pays
/// nothing for it.
struct Fault {
    duplicate: bool,
    path: Vec<String>,
}

impl Fault {
    fn into_error(self) -> ParseError {
        let pointer = self
            .path
            .iter()
            .rev()
            .map(|segment| pointer_segment(segment))
            .collect();
        if self.duplicate {
            ParseError::DuplicateKey { pointer }
        } else {
            ParseError::TooDeep { pointer }
        }
    }
}

struct Checked<'a> {
    depth: usize,
    fault: &'a mut Option<Fault>,
}

impl Checked<'_> {
    fn nested(&mut self) -> Checked<'_> {
        Checked {
            depth: self.depth + 1,
            fault: self.fault,
        }
    }

    fn check_depth<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.depth < MAX_NESTING {
            return Ok(());
        }
        *self.fault = Some(Fault {
            duplicate: false,
            path: Vec::new(),
        });
        Err(E::custom("nested too deep"))
    }

    fn inside(&mut self, segment: &impl ToString) {
        if let Some(fault) = self.fault {
            fault.path.push(segment.to_string());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        self.check_depth()?;
        let mut list = Vec::new();
        loop {
            match seq.next_element_seed(self.nested()) {
                Ok(Some(value)) => list.push(value),
                Ok(None) => return Ok(list.into()),
                Err(error) => {
                    self.inside(&list.len());
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        self.check_depth()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                *self.fault = Some(Fault {
                    duplicate: true,
                    path: vec![key],
                });
                return Err(A::Error::custom("duplicate key"));
            }
            match entries.next_value_seed(self.nested()) {
                Ok(value) => map.insert(key, value),
                Err(error) => {
                    self.inside(&key);
                    return Err(error);
                }
            };
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duplicate(pointer: &str) -> Result<Value, ParseError> {
        Err(ParseError::DuplicateKey {
            pointer: pointer.to_owned(),
        })
    }

    #[test]
    fn a_duplicate_key_is_found_at_any_level_and_named_by_its_pointer() {
        assert_eq!(parse(r#"{"a":1,"a":2}"#), duplicate("/a"));
        assert_eq!(
            parse(r#"{"x":[0,{"y/z":{"~":1,"~":1}}]}"#),
            duplicate("/x/1/y~1z/~0")
        );
    }

    #[test]
    fn an_escaped_key_is_the_same_key() {
        assert_eq!(parse(r#"{"a":1,"\u0061":2}"#), duplicate("/a"));
    }

    #[test]
    fn the_same_key_in_two_objects_is_no_duplicate() {
        assert!(parse(r#"[{"a":1},{"a":{"a":1}}]"#).is_ok());
    }

    #[test]
    fn nesting_is_allowed_up_to_the_limit_and_no_further() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(&nested(MAX_NESTING)).is_ok());
        let pointer = "/0".repeat(MAX_NESTING);
        assert_eq!(
            parse(&nested(MAX_NESTING + 1)),
            Err(ParseError::TooDeep { pointer })
        );
    }

    #[test]
    fn hostile_nesting_is_refused_without_reading_it_all() {
        let bytes = "{\"a\":".repeat(1_000_000);
        assert!(matches!(parse(&bytes), Err(ParseError::TooDeep { .. })));
    }

    #[test]
    fn what_is_not_json_is_named_by_line_and_column() {
        let Err(ParseError::NotJson { line, reason, .. }) = parse("{\n\"a\": NaN}") else {
            panic!("NaN was read")
        };
        assert_eq!((line, reason.as_str()), (2, "expected value"));
        let trailing = ParseError::NotJson {
            line: 1,
            column: 4,
            reason: "trailing characters".to_owned(),
        };
        assert_eq!(parse("{} x"), Err(trailing));
        assert!(matches!(parse(""), Err(ParseError::NotJson { .. })));
    }
}

//! The checks of JSON before it is read: that it is JSON at all, and the two that `serde_json` leaves out, duplicate keys and
//! a nesting limit of our own.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::ParseError;
use crate::kept::{BOOLEAN, LIST, NULL, NUMBER, OBJECT, STRING};

/// How deep objects and lists may nest. MISP's own exports stay under 16; `serde_json` stops at 128.
pub const MAX_NESTING: usize = 64;

/// Up to so many keys of one object are compared one by one, which is the fastest for few.
const FEW_KEYS: usize = 64;

/// A key of an object; it is the text itself where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Key<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Whether the text is one JSON value and nothing after it. Nothing is built: this takes the memory of the open keys.
pub(crate) fn check(text: &str) -> Result<(), ParseError> {
    let mut state = State::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let seed = Checked {
        depth: 0,
        state: &mut state,
    };
    let read = seed.deserialize(&mut json).and_then(|()| json.end());
    read.map_err(|error| {
        let fault = state.fault.map(Fault::into_error);
        fault.unwrap_or_else(|| not_json(&error))
    })
}

/// Reads what was checked.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ParseError> {
    serde_json::from_str(text).map_err(|error| not_json(&error))
}

/// One segment of a JSON pointer, escaped as RFC 6901 has it.
pub(crate) fn pointer_segment(segment: &str) -> String {
    format!("/{}", segment.replace('~', "~0").replace('/', "~1"))
}

/// The JSON type of a value, with its article.
pub(crate) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::Number(_) => NUMBER,
        Value::String(_) => STRING,
        Value::Array(_) => LIST,
        Value::Object(_) => OBJECT,
    }
}

/// The same of the JSON of a value, which its first byte tells.
pub(crate) fn type_of_text(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => OBJECT,
        Some(b'[') => LIST,
        Some(b'"') => STRING,
        Some(b't' | b'f') => BOOLEAN,
        Some(b'n') => NULL,
        _ => NUMBER,
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

#[derive(Default)]
struct State<'de> {
    /// The keys that were met in the objects that are open, the outermost first.
    keys: Vec<Cow<'de, str>>,
    fault: Option<Fault>,
}

impl<'de> State<'de> {
    /// Takes a key of the object whose keys are those from `start` on; `many` are the same where they are many. `false` if
    /// the object had it before.
    fn add(&mut self, start: usize, key: Cow<'de, str>, many: &mut HashSet<Cow<'de, str>>) -> bool {
        let own = &self.keys[start..];
        let is_new = if own.len() < FEW_KEYS {
            !own.contains(&key)
        } else {
            if many.is_empty() {
                many.extend(own.iter().cloned());
            }
            many.insert(key.clone())
        };
        self.keys.push(key);
        is_new
    }
}

/// One value, read only to be checked.
struct Checked<'a, 'de> {
    depth: usize,
    state: &'a mut State<'de>,
}

impl<'de> Checked<'_, 'de> {
    fn nested(&mut self) -> Checked<'_, 'de> {
        Checked {
            depth: self.depth + 1,
            state: self.state,
        }
    }

    fn check_depth<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.depth < MAX_NESTING {
            return Ok(());
        }
        self.state.fault = Some(Fault {
            duplicate: false,
            path: Vec::new(),
        });
        Err(E::custom("nested too deep"))
    }

    fn inside(&mut self, segment: &(impl ToString + ?Sized)) {
        if let Some(fault) = &mut self.state.fault {
            fault.path.push(segment.to_string());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Checked<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        self.check_depth()?;
        let mut index = 0_usize;
        loop {
            match list.next_element_seed(self.nested()) {
                Ok(Some(())) => index += 1,
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.inside(&index);
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        self.check_depth()?;
        let start = self.state.keys.len();
        let mut many = HashSet::new();
        while let Some(Key(key)) = entries.next_key()? {
            let at = self.state.keys.len();
            if !self.state.add(start, key, &mut many) {
                let key = self.state.keys[at].clone().into_owned();
                self.state.fault = Some(Fault {
                    duplicate: true,
                    path: vec![key],
                });
                return Err(A::Error::custom("duplicate key"));
            }
            if let Err(error) = entries.next_value_seed(self.nested()) {
                let key = self.state.keys[at].clone();
                self.inside(&*key);
                return Err(error);
            }
        }
        self.state.keys.truncate(start);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duplicate(pointer: &str) -> Result<(), ParseError> {
        Err(ParseError::DuplicateKey {
            pointer: pointer.to_owned(),
        })
    }

    #[test]
    fn a_duplicate_key_is_found_at_any_level_and_named_by_its_pointer() {
        assert_eq!(check(r#"{"a":1,"a":2}"#), duplicate("/a"));
        assert_eq!(
            check(r#"{"x":[0,{"y/z":{"~":1,"~":1}}]}"#),
            duplicate("/x/1/y~1z/~0")
        );
    }

    #[test]
    fn an_escaped_key_is_the_same_key() {
        assert_eq!(check(r#"{"a":1,"\u0061":2}"#), duplicate("/a"));
    }

    #[test]
    fn the_same_key_in_two_objects_is_no_duplicate() {
        assert!(check(r#"[{"a":1},{"a":{"a":1}}]"#).is_ok());
    }

    #[test]
    fn nesting_is_allowed_up_to_the_limit_and_no_further() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(check(&nested(MAX_NESTING)).is_ok());
        let pointer = "/0".repeat(MAX_NESTING);
        assert_eq!(
            check(&nested(MAX_NESTING + 1)),
            Err(ParseError::TooDeep { pointer })
        );
    }

    #[test]
    fn hostile_nesting_is_refused_without_reading_it_all() {
        let bytes = "{\"a\":".repeat(1_000_000);
        assert!(matches!(check(&bytes), Err(ParseError::TooDeep { .. })));
    }

    #[test]
    fn what_is_not_json_is_named_by_line_and_column() {
        let Err(ParseError::NotJson { line, reason, .. }) = check("{\n\"a\": NaN}") else {
            panic!("NaN was read")
        };
        assert_eq!((line, reason.as_str()), (2, "expected value"));
        let trailing = ParseError::NotJson {
            line: 1,
            column: 4,
            reason: "trailing characters".to_owned(),
        };
        assert_eq!(check("{} x"), Err(trailing));
        assert!(matches!(check(""), Err(ParseError::NotJson { .. })));
    }
}

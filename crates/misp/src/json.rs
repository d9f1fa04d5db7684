//! JSON is checked before it is read: that it is JSON at all, and what `serde_json` leaves out, duplicate keys and a nesting
//! limit of our own. Neither builds more than was asked for.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use crate::ParseError;
use crate::kept::{BOOLEAN, LIST, NULL, NUMBER, OBJECT, STRING};
use crate::outline::{Members, Outline, RESPONSE};

/// How deep objects and lists may nest. MISP's own exports stay under 16; `serde_json` stops at 128.
pub const MAX_NESTING: usize = 64;

/// How many objects and lists one document may have, a hundred times as many as the largest public event known. Each may become
/// an attribute, which takes hundreds of bytes where `{}` takes three.
pub const MAX_PARTS: usize = 1_000_000;

/// Up to so many keys of one object are compared one by one, which is the fastest for few.
const FEW_KEYS: usize = 64;

/// A key of an object; it is the text itself where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Key<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Checks that a text is one JSON value and nothing after it.
pub(crate) fn check(text: &str) -> Result<Outline<'_>, ParseError> {
    let mut state = State::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let seed = Checked {
        depth: 0,
        is_outlined: true,
        state: &mut state,
    };
    let read = seed
        .deserialize(&mut json)
        .and_then(|outline| json.end().map(|()| outline));
    read.map_err(|error| {
        let fault = state.fault.map(Fault::into_error);
        fault.unwrap_or_else(|| not_json(&error))
    })
}

/// Reads the value at a path in a text that was checked: the keys that lead there, and "0" for the first of a list.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    text: &'a str,
    path: &[&'static str],
) -> Result<T, ParseError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = PhantomData;
    let read = At { path, value }.deserialize(&mut json);
    read.map_err(|error| not_json(&error))
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
    kind: FaultKind,
    path: Vec<String>,
}

enum FaultKind {
    Duplicate,
    TooDeep,
    TooMany,
}

impl Fault {
    fn into_error(self) -> ParseError {
        let pointer = self
            .path
            .iter()
            .rev()
            .map(|segment| pointer_segment(segment))
            .collect();
        match self.kind {
            FaultKind::Duplicate => ParseError::DuplicateKey { pointer },
            FaultKind::TooDeep => ParseError::TooDeep { pointer },
            FaultKind::TooMany => ParseError::TooMany { pointer },
        }
    }
}

/// What is known while a text is checked.
#[derive(Default)]
struct State<'de> {
    /// The keys that were met in the objects that are open, the outermost first.
    keys: Vec<Cow<'de, str>>,
    hasher: RandomState,
    /// Objects and lists that were met.
    parts: usize,
    fault: Option<Fault>,
}

impl<'de> State<'de> {
    /// Takes a key of the object whose keys are those from `start` on, and whose hashes are `many` where they are many.
    /// Whether the object had it before: a key of a new hash is new, and keys of one hash are compared.
    fn had(&mut self, start: usize, key: Cow<'de, str>, many: &mut HashSet<u64>) -> bool {
        let own = &self.keys[start..];
        let hash = |key| self.hasher.hash_one(key);
        let had = if own.len() < FEW_KEYS {
            own.contains(&key)
        } else {
            if many.is_empty() {
                many.extend(own.iter().map(hash));
            }
            !many.insert(hash(&key)) && own.contains(&key)
        };
        self.keys.push(key);
        had
    }
}

/// One value, read only to be checked.
struct Checked<'a, 'de> {
    depth: usize,
    is_outlined: bool,
    state: &'a mut State<'de>,
}

impl<'de> Checked<'_, 'de> {
    fn nested(&mut self, is_outlined: bool) -> Checked<'_, 'de> {
        Checked {
            depth: self.depth + 1,
            is_outlined: self.is_outlined && is_outlined,
            state: self.state,
        }
    }

    /// Looks at an object or list before what is in it.
    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.state.parts += 1;
        let kind = match () {
            () if self.depth >= MAX_NESTING => FaultKind::TooDeep,
            () if self.state.parts > MAX_PARTS => FaultKind::TooMany,
            () => return Ok(()),
        };
        let path = Vec::new();
        self.state.fault = Some(Fault { kind, path });
        Err(E::custom("too deep or too many"))
    }

    fn inside(&mut self, segment: &(impl ToString + ?Sized)) {
        if let Some(fault) = &mut self.state.fault {
            fault.path.push(segment.to_string());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Checked<'_, 'de> {
    type Value = Outline<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Outline<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_, 'de> {
    type Value = Outline<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Outline<'de>, E> {
        Ok(Outline::Scalar(NULL))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Outline<'de>, E> {
        Ok(Outline::Scalar(BOOLEAN))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Outline<'de>, E> {
        Ok(Outline::Scalar(NUMBER))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Outline<'de>, E> {
        Ok(Outline::Scalar(NUMBER))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Outline<'de>, E> {
        Ok(Outline::Scalar(NUMBER))
    }

    fn visit_str<E>(self, _: &str) -> Result<Outline<'de>, E> {
        Ok(Outline::Scalar(STRING))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Outline<'de>, A::Error> {
        self.enter()?;
        let (mut index, mut elements) = (0_usize, Vec::new());
        loop {
            match list.next_element_seed(self.nested(true)) {
                Ok(Some(element)) if self.is_outlined => elements.push(element),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(Outline::List(elements)),
                Err(error) => {
                    self.inside(&index);
                    return Err(error);
                }
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Outline<'de>, A::Error> {
        self.enter()?;
        let start = self.state.keys.len();
        let (mut many, mut values) = (HashSet::new(), Vec::new());
        while let Some(Key(key)) = entries.next_key()? {
            let at = self.state.keys.len();
            let is_answer = key == RESPONSE;
            if self.state.had(start, key, &mut many) {
                let key = self.state.keys[at].clone().into_owned();
                self.state.fault = Some(Fault {
                    kind: FaultKind::Duplicate,
                    path: vec![key],
                });
                return Err(A::Error::custom("duplicate key"));
            }
            match entries.next_value_seed(self.nested(is_answer)) {
                Ok(value) if self.is_outlined => values.push(value),
                Ok(_) => {}
                Err(error) => {
                    let key = self.state.keys[at].clone();
                    self.inside(&*key);
                    return Err(error);
                }
            }
        }
        let keys = self.state.keys.drain(start..);
        Ok(Outline::Object(Members(keys.zip(values).collect())))
    }
}

/// What is at the end of a path; the rest is passed over.
struct At<'p, T> {
    path: &'p [&'static str],
    value: PhantomData<T>,
}

impl<T> At<'_, T> {
    /// The first step, and the way from there.
    fn step(&self) -> (&'static str, Self) {
        let (step, path) = self.path.split_first().unwrap_or((&"", &[]));
        let value = PhantomData;
        (step, Self { path, value })
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for At<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        if self.path.is_empty() {
            T::deserialize(deserializer)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for At<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the path leads to")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        let (step, rest) = self.step();
        let found = list.next_element_seed(rest)?;
        while let Some(IgnoredAny) = list.next_element()? {}
        found.ok_or_else(|| A::Error::missing_field(step))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<T, A::Error> {
        let mut found = None;
        while let Some(Key(key)) = entries.next_key()? {
            let (step, rest) = self.step();
            if key == step {
                found = Some(entries.next_value_seed(rest)?);
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        found.ok_or_else(|| A::Error::missing_field(self.step().0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duplicate(pointer: &str) -> Result<Outline<'static>, ParseError> {
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
    fn a_duplicate_is_found_among_many_keys() {
        let keys = |last: usize| {
            let all = (0..3 * FEW_KEYS).chain([last]);
            let members = all.map(|key| format!("\"{key}\":{{}}"));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        };
        for first in [0, FEW_KEYS - 1, FEW_KEYS, 2 * FEW_KEYS] {
            assert_eq!(check(&keys(first)), duplicate(&format!("/{first}")));
        }
        assert!(check(&keys(3 * FEW_KEYS)).is_ok());
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
    fn so_many_objects_and_lists_are_allowed_and_no_more() {
        let many = |parts: usize| format!("[{}{{}}]", "{},".repeat(parts - 2));
        assert!(check(&many(MAX_PARTS)).is_ok());
        let pointer = format!("/{}", MAX_PARTS - 1);
        assert_eq!(
            check(&many(MAX_PARTS + 1)),
            Err(ParseError::TooMany { pointer })
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

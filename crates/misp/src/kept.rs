//! One place of the format, in whatever shape it comes.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A place in a MISP document. Real events put null, `""`, `false` or `[]` where the format has something else, and ids
/// are strings or numbers: what fits is read, what does not is kept, and both are written back as they were.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Kept<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// What the format has here.
    Read(T),
    /// Something else, kept as it is.
    Raw(Value),
}

/// A scalar: most often a string.
pub type Text = Kept<String>;

/// A list of `T`.
pub type Many<T> = Kept<Vec<Kept<T>>>;

/// What can stand in a place. Reading it from a JSON value of its type cannot fail, because every place inside is [`Kept`].
pub trait Shape: DeserializeOwned {
    /// The JSON type, with its article: "a string", "a list" or "an object".
    const NAME: &'static str;
}

pub(crate) const NULL: &str = "null";
pub(crate) const BOOLEAN: &str = "a boolean";
pub(crate) const NUMBER: &str = "a number";
pub(crate) const STRING: &str = "a string";
pub(crate) const LIST: &str = "a list";
pub(crate) const OBJECT: &str = "an object";

impl Shape for String {
    const NAME: &'static str = STRING;
}

impl<T: Shape> Shape for Vec<Kept<T>> {
    const NAME: &'static str = LIST;
}

impl<T> Kept<T> {
    /// Whether the key is not there.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// What was read, if it is what the format has here.
    pub fn read(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Absent | Self::Raw(_) => None,
        }
    }
}

impl<T> Many<T> {
    /// The elements that were read.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.places().map(|(_, element)| element)
    }

    /// The elements that were read, with their positions in the list.
    pub fn places(&self) -> impl Iterator<Item = (usize, &T)> {
        let list = self.read().map_or(&[][..], Vec::as_slice);
        list.iter()
            .enumerate()
            .filter_map(|(index, element)| element.read().map(|element| (index, element)))
    }
}

impl Text {
    /// The text: a string, or a number or boolean written out. `None` for null, lists and objects.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Read(text) => Some(Cow::Borrowed(text)),
            Self::Raw(Value::Bool(true)) => Some(Cow::Borrowed("true")),
            Self::Raw(Value::Bool(false)) => Some(Cow::Borrowed("false")),
            Self::Raw(Value::Number(number)) => Some(Cow::Owned(number.to_string())),
            Self::Absent | Self::Raw(_) => None,
        }
    }

    /// Whether it says yes: `true`, 1, `"1"` or `"true"`.
    pub fn is_true(&self) -> bool {
        self.text()
            .is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true"))
    }

    /// Whether it says no: `false`, 0, `"0"` or `"false"`.
    pub fn is_false(&self) -> bool {
        self.text()
            .is_some_and(|text| text == "0" || text.eq_ignore_ascii_case("false"))
    }
}

impl<'de, T: Shape> Deserialize<'de> for Kept<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeptVisitor(PhantomData))
    }
}

/// Reads `T` straight from where it stands, without a [`Value`] in between: half the time of a whole document.
struct KeptVisitor<T>(PhantomData<T>);

impl<T: Shape> KeptVisitor<T> {
    fn read<'de, D: Deserializer<'de>>(
        shape: &'static str,
        deserializer: D,
    ) -> Result<Kept<T>, D::Error> {
        if T::NAME == shape {
            T::deserialize(deserializer).map(Kept::Read)
        } else {
            Value::deserialize(deserializer).map(Kept::Raw)
        }
    }
}

impl<'de, T: Shape> Visitor<'de> for KeptVisitor<T> {
    type Value = Kept<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Kept<T>, E> {
        Ok(Kept::Raw(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kept<T>, E> {
        Ok(Kept::Raw(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kept<T>, E> {
        Ok(Kept::Raw(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kept<T>, E> {
        Ok(Kept::Raw(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Kept<T>, E> {
        Ok(Kept::Raw(value.into()))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Kept<T>, E> {
        Self::read(STRING, value.into_deserializer())
    }

    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Kept<T>, E> {
        Self::read(STRING, value.into_deserializer())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Kept<T>, A::Error> {
        Self::read(LIST, SeqAccessDeserializer::new(seq))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Kept<T>, A::Error> {
        Self::read(OBJECT, MapAccessDeserializer::new(map))
    }
}

impl<T: Serialize> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => serializer.serialize_unit(),
            Self::Read(value) => value.serialize(serializer),
            Self::Raw(value) => value.serialize(serializer),
        }
    }
}

//! What is in a column, whichever database it is in.

use std::borrow::Cow;

use crate::error::DatabaseError;

/// What is in a column, or goes into one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value<'a> {
    Null,
    Integer(i64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    /// Numbers to look for, each once.
    List(Vec<i64>),
}

impl Value<'_> {
    /// The same, for as long as it is needed.
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(number),
            Self::Text(text) => Value::Text(text.into_owned().into()),
            Self::Bytes(bytes) => Value::Bytes(bytes.into_owned().into()),
            Self::List(numbers) => Value::List(numbers),
        }
    }
}

/// What can go into a column.
pub(crate) trait ToValue {
    fn to_value(&self) -> Value<'_>;
}

/// What can be read out of a column.
pub(crate) trait FromValue: Sized {
    fn from_value(value: Value<'_>) -> Result<Self, DatabaseError>;
}

fn unreadable(value: &Value<'_>, expected: &'static str) -> DatabaseError {
    let found = match value {
        Value::Null => "nothing",
        Value::Integer(_) => "a number",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::List(_) => "a list",
    };
    DatabaseError::Unreadable { expected, found }
}

macro_rules! number {
    ($($type:ty),*) => { $(
        impl ToValue for $type {
            /// What no column can hold is as large as can be.
            fn to_value(&self) -> Value<'_> {
                Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Result<Self, DatabaseError> {
                match value {
                    Value::Integer(number) => number
                        .try_into()
                        .map_err(|_| unreadable(&value, "a number of another size")),
                    value => Err(unreadable(&value, "a number")),
                }
            }
        }
    )* };
}

number!(i64, u64, usize);

impl ToValue for bool {
    fn to_value(&self) -> Value<'_> {
        Value::Integer((*self).into())
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Result<Self, DatabaseError> {
        i64::from_value(value).map(|number| number != 0)
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self.into())
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value<'_> {
        self.as_str().to_value()
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Result<Self, DatabaseError> {
        match value {
            Value::Text(text) => Ok(text.into_owned()),
            value => Err(unreadable(&value, "text")),
        }
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Value<'_> {
        Value::Bytes(self.into())
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value<'_> {
        self.as_slice().to_value()
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Result<Self, DatabaseError> {
        match value {
            Value::Bytes(bytes) => Ok(bytes.into_owned()),
            value => Err(unreadable(&value, "bytes")),
        }
    }
}

impl<const LENGTH: usize> ToValue for [u8; LENGTH] {
    fn to_value(&self) -> Value<'_> {
        self.as_slice().to_value()
    }
}

impl<const LENGTH: usize> FromValue for [u8; LENGTH] {
    fn from_value(value: Value<'_>) -> Result<Self, DatabaseError> {
        match &value {
            Value::Bytes(bytes) => (&**bytes)
                .try_into()
                .map_err(|_| unreadable(&value, "bytes of another length")),
            value => Err(unreadable(value, "bytes")),
        }
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Result<Self, DatabaseError> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

impl ToValue for Value<'_> {
    fn to_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(*number),
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Value::Bytes(Cow::Borrowed(bytes)),
            Self::List(numbers) => Value::List(numbers.clone()),
        }
    }
}

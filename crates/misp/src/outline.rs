//! What an envelope is told by: the types of values, and the keys around the event or the object.

use std::borrow::Cow;

use crate::kept::{LIST, OBJECT};

/// The key of what a server answers with.
pub(crate) const RESPONSE: &str = "response";

/// The type of a value and, where an envelope may be, what is in it.
#[derive(Debug, PartialEq)]
pub(crate) enum Outline<'a> {
    /// The type, with its article.
    Scalar(&'static str),
    /// The elements at the top or of an answer; none of any other list.
    List(Vec<Outline<'a>>),
    /// The members at the top, of an answer or of an element of its list; none of any other object.
    Object(Members<'a>),
}

/// Keys with their values.
#[derive(Debug, PartialEq)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, Outline<'a>)>);

impl Outline<'_> {
    /// The JSON type, with its article.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Scalar(name) => name,
            Self::List(_) => LIST,
            Self::Object(_) => OBJECT,
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

impl<'a> Members<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<&Outline<'a>> {
        let found = self.0.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Outline<'a>> {
        let at = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.swap_remove(at).1)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn has_list(&self, key: &str) -> bool {
        self.get(key).is_some_and(Outline::is_list)
    }

    pub(crate) fn has_object(&self, key: &str) -> bool {
        self.get(key).is_some_and(Outline::is_object)
    }

    pub(crate) fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.has(key))
    }

    pub(crate) fn has_all(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.has(key))
    }

    /// Whether there are keys, and all are like that.
    pub(crate) fn are_all(&self, is_like: impl Fn(&str) -> bool) -> bool {
        !self.0.is_empty() && self.0.iter().all(|(key, _)| is_like(key))
    }
}

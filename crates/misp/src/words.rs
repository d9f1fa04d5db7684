//! Words of a closed list, and sets of them.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

/// A word of a closed list. Its position in [`Word::ALL`] is its value on chain; for a [`Flag`], its bit.
pub trait Word: Copy + PartialEq + fmt::Debug + 'static {
    /// All words, in the order of the contracts.
    const ALL: &'static [Self];
    /// What kind of word it is, for messages.
    const KIND: &'static str;

    /// The word as people write it.
    fn name(self) -> &'static str;

    /// The position in [`Word::ALL`].
    fn index(self) -> u8;

    /// The word at a position, such as the chain stores it.
    fn from_index(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }

    /// The word of this name; case, and whether words are joined by hyphens, underscores or spaces, do not matter.
    fn from_name(name: &str) -> Result<Self, UnknownWord> {
        let words = || Self::ALL.iter().copied();
        let found = words()
            .find(|word| word.name() == name)
            .or_else(|| words().find(|word| letters(word.name()).eq(letters(name))));
        found.ok_or_else(|| UnknownWord {
            kind: Self::KIND,
            given: name.to_owned(),
            known: names(Self::ALL),
        })
    }
}

/// A word of which several may be stated at once; there are at most 16 of a kind.
pub trait Flag: Word {}

/// A text that is not one of the words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{given}\" is not a {kind}")]
pub struct UnknownWord {
    /// The kind of word.
    pub kind: &'static str,
    /// What was given.
    pub given: String,
    /// The words there are, joined by commas.
    pub known: String,
}

impl UnknownWord {
    /// What to do next.
    pub fn hint(&self) -> String {
        format!("use one of: {}", self.known)
    }
}

/// Bits that no word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("bits {bits:#b} are not a set of {kind}")]
pub struct UnknownBits {
    /// The kind of word.
    pub kind: &'static str,
    /// The bits.
    pub bits: u16,
}

/// A set of words: bit `i` stands for `Word::ALL[i]`. Written as the names joined by commas, in JSON as their list.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Set<W> {
    bits: u16,
    words: PhantomData<W>,
}

impl<W: Flag> Set<W> {
    /// The set without words.
    pub const EMPTY: Self = Self {
        bits: 0,
        words: PhantomData,
    };

    /// The bits, as they are on chain.
    pub fn bits(self) -> u16 {
        self.bits
    }

    /// The set of these bits.
    pub fn from_bits(bits: u16) -> Result<Self, UnknownBits> {
        if u32::from(bits) >> W::ALL.len() != 0 {
            return Err(UnknownBits {
                kind: W::KIND,
                bits,
            });
        }
        Ok(Self {
            bits,
            words: PhantomData,
        })
    }

    /// Adds a word.
    pub fn insert(&mut self, word: W) {
        self.bits |= 1 << word.index();
    }

    /// Whether the word is in it.
    pub fn contains(self, word: W) -> bool {
        self.bits & (1 << word.index()) != 0
    }

    /// Whether it has no words.
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// Its words, in the order of [`Word::ALL`].
    pub fn iter(self) -> impl Iterator<Item = W> {
        W::ALL
            .iter()
            .copied()
            .filter(move |word| self.contains(*word))
    }
}

impl<W: Flag> Default for Set<W> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<W: Flag> FromIterator<W> for Set<W> {
    fn from_iter<I: IntoIterator<Item = W>>(words: I) -> Self {
        let mut set = Self::EMPTY;
        words.into_iter().for_each(|word| set.insert(word));
        set
    }
}

impl<W: Flag> Extend<W> for Set<W> {
    fn extend<I: IntoIterator<Item = W>>(&mut self, words: I) {
        words.into_iter().for_each(|word| self.insert(word));
    }
}

impl<W: Flag> fmt::Debug for Set<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<W: Flag> fmt::Display for Set<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&names(&self.iter().collect::<Vec<_>>()))
    }
}

impl<W: Flag> FromStr for Set<W> {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        text.split(',')
            .filter(|name| !name.trim().is_empty())
            .map(W::from_name)
            .collect()
    }
}

impl<W: Flag> Serialize for Set<W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Word::name))
    }
}

impl<'de, W: Flag> Deserialize<'de> for Set<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names
            .iter()
            .map(|name| W::from_name(name))
            .collect::<Result<_, _>>()
            .map_err(D::Error::custom)
    }
}

fn names<W: Word>(words: &[W]) -> String {
    words
        .iter()
        .map(|word| word.name())
        .collect::<Vec<_>>()
        .join(",")
}

/// What of a name is compared.
fn letters(name: &str) -> impl Iterator<Item = char> {
    name.trim().chars().map(|letter| match letter {
        ' ' | '_' => '-',
        letter => letter.to_ascii_lowercase(),
    })
}

/// Declares an enum as a closed list of words; the position of a word is its value on chain.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $kind:literal { $($(#[$word_doc:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$word_doc])* $word,)* }

        impl $crate::Word for $name {
            const ALL: &'static [Self] = &[$(Self::$word),*];
            const KIND: &'static str = $kind;

            fn name(self) -> &'static str {
                match self { $(Self::$word => $text),* }
            }

            fn index(self) -> u8 {
                self as u8
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad($crate::Word::name(*self))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;

            fn from_str(text: &str) -> Result<Self, $crate::UnknownWord> {
                $crate::Word::from_name(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::Word::name(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                $crate::Word::from_name(&name).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use words;

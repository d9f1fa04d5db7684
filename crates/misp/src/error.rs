use thiserror::Error;

use crate::{Found, MAX_DOCUMENT_BYTES, MAX_NESTING, MAX_PARTS};

/// Why bytes are not one MISP document. `pointer` is a JSON pointer (RFC 6901) from the top of the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseError {
    /// More bytes than [`MAX_DOCUMENT_BYTES`].
    #[error("the document has {bytes} bytes, more than the {MAX_DOCUMENT_BYTES} allowed")]
    TooBig {
        /// The length that was given.
        bytes: usize,
    },
    /// A UTF-8 byte order mark in front. MISP itself refuses such a file, and the bytes are delivered as they are.
    #[error("the document starts with a byte order mark, which JSON does not allow")]
    ByteOrderMark,
    /// Not UTF-8, the only encoding of JSON (RFC 8259, section 8.1).
    #[error("byte {offset} is not UTF-8")]
    NotUtf8 {
        /// Where the first wrong byte is, from 0.
        offset: usize,
    },
    /// Not JSON, or more than JSON: `NaN`, a number out of range, anything after the end.
    #[error("not JSON at line {line}, column {column}: {reason}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1 (0 at a line break).
        column: usize,
        /// What the reader met.
        reason: String,
    },
    /// Objects and lists nested deeper than [`MAX_NESTING`].
    #[error("{pointer} is nested deeper than {MAX_NESTING} levels")]
    TooDeep {
        /// The first place that is too deep.
        pointer: String,
    },
    /// More objects and lists than [`MAX_PARTS`].
    #[error("{pointer} is one object or list more than the {MAX_PARTS} allowed")]
    TooMany {
        /// The first that is too many.
        pointer: String,
    },
    /// A key twice in one JSON object: readers disagree on which of the two counts.
    #[error("{pointer} occurs twice")]
    DuplicateKey {
        /// The key that occurs twice.
        pointer: String,
    },
    /// JSON, but not one MISP event or object.
    #[error("not a MISP event or object: {0}")]
    NotMisp(Found),
    /// An answer with several events or objects; a product is one.
    #[error("{count} events or objects in one document")]
    Several {
        /// How many there are.
        count: usize,
    },
    /// A place that MISP fills with a list of objects holds something else, so its content could not be checked.
    #[error("{pointer} is {found}, where MISP has {expected}")]
    Misplaced {
        /// The place.
        pointer: String,
        /// The JSON type there.
        found: &'static str,
        /// The JSON type that MISP has there.
        expected: &'static str,
    },
    /// No attribute and no object anywhere.
    #[error("{pointer} has no attributes and no objects")]
    Empty {
        /// The event or the object.
        pointer: String,
    },
}

impl ParseError {
    /// The same, told of a longer text in which the document begins at this line and column.
    #[must_use]
    pub fn within(self, (first_line, first_column): (usize, usize)) -> Self {
        match self {
            Self::NotJson {
                line,
                column,
                reason,
            } => Self::NotJson {
                line: first_line + line - 1,
                column: if line == 1 {
                    first_column + column - 1
                } else {
                    column
                },
                reason,
            },
            other => other,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooMany { .. } => "split the event; no MISP export has that many",
            Self::TooBig { .. } => "split the event, or leave its attachments out of the export",
            Self::ByteOrderMark => "save the file as UTF-8 without a byte order mark",
            Self::NotUtf8 { .. } => "save the file as UTF-8; MISP's own export is",
            Self::NotJson { .. } => {
                "export the event again from MISP as JSON, and check that the file is complete"
            }
            Self::TooDeep { .. } => "remove the nested part; no MISP export nests that deep",
            Self::DuplicateKey { .. } => "keep one of the two keys",
            Self::NotMisp(found) => found.hint(),
            Self::Several { .. } => {
                "give each event in a file of its own, as `events/view/<uuid>` answers it"
            }
            Self::Misplaced { .. } => "write this place as MISP exports it: a list of JSON objects",
            Self::Empty { .. } => {
                "add an attribute or an object; a product without any cannot be acted on"
            }
        }
    }
}

/// Something in the document that says less than its author meant. Never fatal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Note {
    /// A date that cannot be read, or that Unix seconds from 1970 on cannot hold; it is left out.
    #[error("{place}: \"{text}\" is not a date that can be used")]
    BadDate {
        /// A JSON pointer, or the name of the tag.
        place: String,
        /// What stands there.
        text: String,
    },
    /// The period ends before it starts; both are kept as stated.
    #[error("the stated period ends before it starts")]
    PeriodReversed,
    /// A `retention:` tag without an event date to count from; it is left out.
    #[error("tag {tag} counts from the event's date, which is missing or not a date")]
    RetentionWithoutDate {
        /// The tag.
        tag: String,
    },
    /// Values of one exclusive vocabulary that contradict each other; the strictest counts.
    #[error("several different {what} tags; the strictest counts")]
    Contradiction {
        /// `TLP`, `PAP` or `commercial use`.
        what: &'static str,
    },
    /// Some attributes carry a mark that the document as a whole does not; marks of a part say nothing of the rest.
    #[error("some attributes state their {what}, the document as a whole does not")]
    PartlyMarked {
        /// `TLP`, `PAP` or `commercial use`.
        what: &'static str,
    },
    /// A tag of a known vocabulary with a value that this vocabulary does not have; it states nothing.
    #[error("tag {tag} is not of its vocabulary")]
    UnknownTag {
        /// The tag.
        tag: String,
    },
    /// The document's uuid is not one; it is left out.
    #[error("\"{text}\" is not a uuid")]
    BadUuid {
        /// What stands there.
        text: String,
    },
}

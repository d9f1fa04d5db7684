//! The formats.

use std::fmt;

use ayumi_misp::Word;
use serde::{Serialize, Serializer};

/// A format that security controls or other platforms read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// MISP JSON: the document itself, without what is left out.
    Misp,
    /// A STIX 2.1 bundle.
    Stix2,
    /// MISP's CSV, with its header.
    Csv,
    /// One value a line.
    List,
    /// Suricata rules that alert.
    Suricata,
    /// A response policy zone that blocks names and the addresses that names resolve to.
    Rpz,
    /// A file of Zeek's intelligence framework.
    Zeek,
}

impl Word for Format {
    const ALL: &'static [Self] = &[
        Self::Misp,
        Self::Stix2,
        Self::Csv,
        Self::List,
        Self::Suricata,
        Self::Rpz,
        Self::Zeek,
    ];
    const KIND: &'static str = "format";

    fn name(self) -> &'static str {
        match self {
            Self::Misp => "misp",
            Self::Stix2 => "stix2",
            Self::Csv => "csv",
            Self::List => "list",
            Self::Suricata => "suricata",
            Self::Rpz => "rpz",
            Self::Zeek => "zeek",
        }
    }

    fn index(self) -> u8 {
        self as u8
    }
}

impl Format {
    /// What a file in it is called after the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Misp => "misp.json",
            Self::Stix2 => "stix.json",
            Self::Csv => "csv",
            Self::List => "txt",
            Self::Suricata => "rules",
            Self::Rpz => "rpz",
            Self::Zeek => "intel",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

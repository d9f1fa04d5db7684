//! What a listing does not state (promise P8 of the design).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::vocabulary::{CommercialUse, Level, Tlp};

/// Something that every product should state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// What threat it is about.
    Threat,
    /// From when until when it is valid.
    Period,
    /// How to use it: the expected actions. Direction and control point make it precise, but not every indicator has them.
    Use,
    /// For whom it is.
    Audience,
    /// Who may see it.
    Sharing,
    /// Whether commercial use is allowed.
    CommercialUse,
}

impl Need {
    /// All needs, in the order of the design.
    pub const ALL: [Self; 6] = [
        Self::Threat,
        Self::Period,
        Self::Use,
        Self::Audience,
        Self::Sharing,
        Self::CommercialUse,
    ];

    /// What its absence means to the reader.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Threat => "the reader cannot tell what threat the values belong to",
            Self::Period => {
                "the reader cannot tell from when until when the values are worth acting on"
            }
            Self::Use => "the reader cannot tell what to do with the values",
            Self::Audience => {
                "the reader cannot tell whether it is for operators, analysts or executives"
            }
            Self::Sharing => "the reader cannot tell who may see it",
            Self::CommercialUse => "the reader cannot tell whether commercial use is allowed",
        }
    }

    /// The tags or fields that state it.
    pub fn stated_by(self) -> &'static str {
        match self {
            Self::Threat => {
                "a galaxy cluster or threat tag, such as misp-galaxy:threat-actor=\"…\" or kill-chain:Delivery"
            }
            Self::Period => {
                "first_seen (or ayumi:valid-from=\"2026-01-01\") and ayumi:valid-until=\"2026-12-31\""
            }
            Self::Use => "ayumi:expected-action=\"block-outbound\" or coa:deny=\"proxy\"",
            Self::Audience => "ayumi:audience=\"operator\", \"analyst\" or \"executive\"",
            Self::Sharing => "tlp:clear, tlp:green, tlp:amber, tlp:amber+strict or tlp:red",
            Self::CommercialUse => "iep:commercial-use=\"MAY\" or iep:commercial-use=\"MUST NOT\"",
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Threat => "what threat",
            Self::Period => "valid when",
            Self::Use => "how to use it",
            Self::Audience => "for whom",
            Self::Sharing => "who may see it",
            Self::CommercialUse => "whether commercial use is allowed",
        })
    }
}

impl Context {
    /// The needs that are not stated, in the order of the design.
    pub fn missing(&self) -> Vec<Need> {
        Need::ALL
            .into_iter()
            .filter(|need| !self.states(*need))
            .collect()
    }

    fn states(&self, need: Need) -> bool {
        match need {
            Need::Threat => self.level != Level::Ioc,
            Need::Period => self.valid_from != 0 && self.valid_until != 0,
            Need::Use => !self.expected_actions.is_empty(),
            Need::Audience => !self.audience.is_empty(),
            Need::Sharing => self.tlp != Tlp::Unstated,
            Need::CommercialUse => self.commercial_use != CommercialUse::Unstated,
        }
    }
}

use crate::ICTIOperator::{DeclineReason, Outcome, Response, State};

/// A Solidity enum whose values have names for people, in kebab case.
pub trait Named: Copy + PartialEq + 'static {
    /// Every value with its name, in the order of the contract.
    const ALL: &'static [(Self, &'static str)];

    /// The name of a value.
    fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("unknown", |(_, name)| *name)
    }

    /// The value of a name.
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, candidate)| *candidate == name)
            .map(|(value, _)| *value)
    }
}

impl Named for State {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Requested, "requested"),
        (Self::Delivered, "delivered"),
        (Self::Settled, "settled"),
        (Self::Declined, "declined"),
        (Self::Cancelled, "cancelled"),
        (Self::Refunded, "refunded"),
    ];
}

impl Named for Outcome {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::TruePositive, "true-positive"),
        (Self::NoHit, "no-hit"),
        (Self::FalsePositive, "false-positive"),
        (Self::Expired, "expired"),
        (Self::NotApplicable, "not-applicable"),
    ];
}

impl Named for Response {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Acknowledged, "acknowledged"),
        (Self::WillRevise, "will-revise"),
        (Self::Revised, "revised"),
        (Self::Disputed, "disputed"),
    ];
}

impl Named for DeclineReason {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Unspecified, "unspecified"),
        (Self::AssetMissing, "asset-missing"),
        (Self::AssetDamaged, "asset-damaged"),
        (Self::KeyRefused, "key-refused"),
    ];
}

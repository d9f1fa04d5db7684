//! What is asked for.

use ayumi_misp::{Context, ControlPoint, Direction, Pap, Set};

/// What is asked for. The default is what may be used now: marked for detection, published, valid.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only what goes in this direction.
    pub direction: Option<Direction>,
    /// Only what is of use here.
    pub control_point: Option<ControlPoint>,
    /// The moment at which it is to be valid, in Unix seconds.
    pub at: u64,
    /// Also what is not marked for detection (`to_ids`).
    pub without_to_ids: bool,
    /// Also documents that say that they are not published.
    pub unpublished: bool,
    /// What was stated in public of the product that a document is.
    pub listing: Option<Listing>,
}

/// What a product's listing states beyond its document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// In which directions the traffic goes.
    pub directions: Set<Direction>,
    /// What may be done with it.
    pub pap: Pap,
    /// From when it is valid, in Unix seconds; 0 is not said.
    pub valid_from: u64,
    /// Until when it is valid, in Unix seconds; 0 is not said.
    pub valid_until: u64,
}

impl From<&Context> for Listing {
    fn from(context: &Context) -> Self {
        Self {
            directions: context.directions,
            pap: context.pap,
            valid_from: context.valid_from,
            valid_until: context.valid_until,
        }
    }
}

impl Options {
    /// Every direction that is asked for, in words or by the control point: a proxy and a resolver see what goes out, a web
    /// application firewall what comes in.
    pub(crate) fn directions(&self) -> impl Iterator<Item = Direction> {
        let of_point = self.control_point.and_then(|point| match point {
            ControlPoint::Proxy | ControlPoint::Dns => Some(Direction::Outbound),
            ControlPoint::Waf => Some(Direction::Inbound),
            _ => None,
        });
        self.direction.into_iter().chain(of_point)
    }
}

use ayumi_export::Options;
use ayumi_misp::{ControlPoint, Direction};

use super::{Moment, words};
use crate::endpoint::now;

/// Which indicators an export has.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "What is exported")]
pub struct SelectionArgs {
    /// Only what goes in this direction
    #[arg(long, value_parser = words::<Direction>())]
    pub direction: Option<Direction>,
    /// Only what is of use at this control point
    #[arg(long, value_name = "POINT", value_parser = words::<ControlPoint>())]
    pub control_point: Option<ControlPoint>,
    /// Only what is valid at this moment; a day is its first second [default: now]
    #[arg(long, value_name = "DATE")]
    pub at: Option<Moment>,
    /// Also what is not marked for detection (to_ids), and events that say that they are not published
    #[arg(long)]
    pub all: bool,
}

impl SelectionArgs {
    /// As the exports have it.
    pub fn options(&self) -> Options {
        Options {
            direction: self.direction,
            control_point: self.control_point,
            at: self.at.map_or_else(now, Moment::start),
            without_to_ids: self.all,
            unpublished: self.all,
            listing: None,
        }
    }

    /// Whether anything was asked for.
    pub fn is_given(&self) -> bool {
        self.direction.is_some() || self.control_point.is_some() || self.at.is_some() || self.all
    }
}

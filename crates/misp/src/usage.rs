//! How a document is to be used: for whom, in which direction, where, and what is expected.
//!
//! The tags of the `coa`, `course-of-action`, `ensoc` and `ayumi` vocabularies are read on the document and on its
//! attributes; what does not say clearly what to do (`coa:deny="other"`, `coa:degrade`) states nothing.

use crate::document::Document;
use crate::error::Note;
use crate::model::Attribute;
use crate::tag::{MachineTag, Tags, machine};
use crate::vocabulary::{Action, Audience, ControlPoint, Direction};
use crate::words::{Set, Word};

#[derive(Default)]
pub(crate) struct Usage {
    pub(crate) audience: Set<Audience>,
    pub(crate) directions: Set<Direction>,
    pub(crate) control_points: Set<ControlPoint>,
    pub(crate) actions: Set<Action>,
    /// That something is to be denied, in whatever direction the document states.
    pub(crate) denies: bool,
}

impl Usage {
    pub(crate) fn of(document: &Document, tags: &Tags, notes: &mut Vec<Note>) -> Self {
        let mut usage = Self::default();
        for (written, tag) in tags.machine() {
            if usage.read(&tag).is_none() {
                notes.push(Note::UnknownTag {
                    tag: written.to_owned(),
                });
            }
        }
        let live = document
            .attributes()
            .map(|placed| placed.attribute)
            .filter(|attribute| !attribute.deleted.is_true());
        usage.directions.extend(
            live.filter(|attribute| attribute.to_ids.is_true())
                .filter_map(direction_of),
        );
        usage.settle_directions();
        usage
    }

    /// What the tags of one place state, without regard to any other.
    pub(crate) fn stated_by(tags: &[String]) -> Self {
        let mut usage = Self::default();
        for (_, tag) in machine(tags) {
            let _ = usage.read(&tag);
        }
        usage.settle_directions();
        usage
    }

    /// Reads one tag; `None` if it is of our own vocabulary and has a value that this does not have.
    pub(crate) fn read(&mut self, tag: &MachineTag) -> Option<()> {
        match tag.parts() {
            ("ayumi", predicate, value) => return self.read_own(predicate, value),
            ("coa", predicate, value) => self.read_coa(predicate, value),
            ("course-of-action", "passive", "discover") => self.actions.insert(Action::Hunt),
            ("course-of-action", "passive", "detect")
            | ("ensoc", "recommended-action", "detection") => {
                self.actions.insert(Action::Detect);
            }
            ("course-of-action", "active", "deceive") => self.actions.insert(Action::Deceive),
            ("course-of-action", "active", "deny")
            | ("ensoc", "recommended-action", "filtering") => self.denies = true,
            _ => {}
        }
        Some(())
    }

    fn read_own(&mut self, predicate: &str, value: &str) -> Option<()> {
        match predicate {
            "audience" => self.audience.insert(Audience::from_name(value).ok()?),
            "direction" => self.directions.insert(Direction::from_name(value).ok()?),
            "control-point" => self
                .control_points
                .insert(ControlPoint::from_name(value).ok()?),
            "expected-action" => self.actions.insert(Action::from_name(value).ok()?),
            "valid-from" | "valid-until" => {}
            _ => return None,
        }
        Some(())
    }

    /// Courses of action, by the meanings that MISP's `coa` taxonomy gives to its values.
    fn read_coa(&mut self, predicate: &str, value: &str) {
        self.control_points
            .extend(coa_control_point(predicate, value));
        match (predicate, value) {
            ("discover", _) => self.actions.insert(Action::Hunt),
            ("detect", _) => self.actions.insert(Action::Detect),
            ("deny", "proxy") => self.actions.insert(Action::BlockOutbound),
            ("deny", "waf") => self.actions.insert(Action::BlockInbound),
            ("deny", "firewall") | ("disrupt", "nips") => self.denies = true,
            ("deny" | "disrupt", "email") => self.actions.insert(Action::FilterMail),
            ("deny", "chroot") => self.actions.insert(Action::Contain),
            ("deny", "remote-access") => self.actions.insert(Action::Revoke),
            ("deceive", _) => self.actions.insert(Action::Deceive),
            ("destroy", "seize") => self.actions.insert(Action::TakeDown),
            _ => {}
        }
    }

    /// A block states its direction, and a denial blocks in the directions that are stated.
    fn settle_directions(&mut self) {
        let pairs = [
            (Direction::Outbound, Action::BlockOutbound),
            (Direction::Inbound, Action::BlockInbound),
        ];
        for (direction, block) in pairs {
            if self.actions.contains(block) {
                self.directions.insert(direction);
            }
        }
        if self.denies {
            let blocks = pairs
                .into_iter()
                .filter(|(direction, _)| self.directions.contains(*direction));
            self.actions
                .extend(blocks.map(|(_, block)| block).collect::<Vec<_>>());
        }
    }
}

/// MISP's own convention, as its Suricata export has it: `ip-dst` is where traffic goes, `ip-src` where it comes from.
pub(crate) fn direction_of(attribute: &Attribute) -> Option<Direction> {
    let kind = attribute.r#type.text()?.trim().to_ascii_lowercase();
    match kind.split('|').next()? {
        "ip-dst" => Some(Direction::Outbound),
        "ip-src" => Some(Direction::Inbound),
        _ => None,
    }
}

fn coa_control_point(predicate: &str, value: &str) -> Option<ControlPoint> {
    match (predicate, value) {
        ("discover" | "detect" | "deny", "proxy") => Some(ControlPoint::Proxy),
        ("deceive", "dns") => Some(ControlPoint::Dns),
        ("discover" | "detect" | "deny", "firewall") => Some(ControlPoint::Firewall),
        ("discover" | "detect", "web") | ("deny", "waf") => Some(ControlPoint::Waf),
        ("discover", "ids") | ("detect", "nids") | ("disrupt", "nips") => Some(ControlPoint::Ids),
        ("discover" | "detect" | "disrupt", "antivirus")
        | ("detect", "hids")
        | ("deny", "chroot")
        | ("disrupt", "hips" | "memory-protection") => Some(ControlPoint::Endpoint),
        ("discover", "mail") | ("detect" | "deny" | "disrupt" | "degrade" | "deceive", "email") => {
            Some(ControlPoint::Mail)
        }
        ("discover" | "detect", "syslog") => Some(ControlPoint::Siem),
        _ => None,
    }
}

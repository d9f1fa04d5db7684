//! How much a document tells beyond its values.

use crate::document::{Content, Document};
use crate::model::{Attribute, EventReport, Object};
use crate::tag::{MachineTag, Tags};
use crate::vocabulary::Level;

/// The vocabularies that name a threat or its behaviour (of the taxonomies at <https://github.com/MISP/misp-taxonomies>).
const THREAT_NAMESPACES: [&str; 28] = [
    "adversary",
    "circl",
    "common-taxonomy",
    "cyber-threat-framework",
    "ddos",
    "dga",
    "ecsirt",
    "enisa",
    "europol-incident",
    "kill-chain",
    "maec-delivery-vectors",
    "maec-malware-behavior",
    "maec-malware-capabilities",
    "malware_classification",
    "misp-galaxy",
    "ms-caro-malware",
    "ms-caro-malware-full",
    "open_threat",
    "phishing",
    "ransomware",
    "rsit",
    "sentinel-threattype",
    "social-engineering-attack-vectors",
    "stealth_malware",
    "stix-ttp",
    "unified-kill-chain",
    "unified-ransomware-kill-chain",
    "veris",
];

/// Galaxies that say who is affected or what defends, not what threatens.
const OTHER_GALAXIES: [&str; 9] = [
    "country",
    "first-csirt-services-framework",
    "mitre-course-of-action",
    "mitre-enterprise-attack-course-of-action",
    "mitre-mobile-attack-course-of-action",
    "nace",
    "region",
    "sector",
    "target-information",
];

impl Level {
    /// Information: a tag or cluster that names a threat or its behaviour, on the event or any attribute. Intelligence:
    /// information, and people linked it: an object reference, an event report, or an analyst's note, opinion or
    /// relationship anywhere. What is deleted does not count.
    pub(crate) fn of(document: &Document, tags: &Tags) -> Self {
        if !tags.machine().any(|(_, tag)| names_threat(&tag)) {
            Self::Ioc
        } else if is_linked(document) {
            Self::Intelligence
        } else {
            Self::Information
        }
    }
}

pub(crate) fn names_threat(tag: &MachineTag) -> bool {
    match tag.parts() {
        ("misp-galaxy", galaxy, _) => !OTHER_GALAXIES.contains(&galaxy),
        ("circl", predicate, _) => predicate == "incident-classification",
        ("threatmatch", predicate, _) => predicate != "sector",
        (namespace, _, _) => THREAT_NAMESPACES.contains(&namespace),
    }
}

pub(crate) fn is_linked(document: &Document) -> bool {
    let top = match document.content() {
        Content::Event(event) => {
            event.event_reports.iter().any(is_live_report)
                || has_any(&event.notes)
                || has_any(&event.opinions)
                || has_any(&event.relationships)
        }
        Content::Object(_) => false,
    };
    top || document
        .objects()
        .any(|(_, object)| is_linked_object(object))
        || document
            .attributes()
            .any(|placed| is_linked_attribute(placed.attribute))
}

fn is_live_report(report: &EventReport) -> bool {
    !report.deleted.is_true()
}

fn is_linked_object(object: &Object) -> bool {
    let refers = object
        .references
        .iter()
        .any(|reference| !reference.deleted.is_true());
    let said =
        has_any(&object.notes) || has_any(&object.opinions) || has_any(&object.relationships);
    !object.deleted.is_true() && (refers || said)
}

fn is_linked_attribute(attribute: &Attribute) -> bool {
    let said = has_any(&attribute.notes)
        || has_any(&attribute.opinions)
        || has_any(&attribute.relationships);
    !attribute.deleted.is_true() && said
}

fn has_any<T>(list: &crate::Many<T>) -> bool {
    list.iter().next().is_some()
}

//! Threats out of the clusters that are attached, and how sure somebody is.

use ayumi_misp::{MachineTag, Statement};
use serde_json::{Map, Value, json};

use super::{id, put};
use crate::text::one_line;

/// From when on the objects for clusters count; a cluster's own history is not in a tag.
const CREATED: u64 = 1_767_225_600;

/// The objects that tags of clusters stand for; galaxies without a type in STIX stay labels.
pub(super) fn all(tags: &[String]) -> impl Iterator<Item = Map<String, Value>> {
    tags.iter().filter_map(|tag| {
        let (galaxy, cluster) = tag.strip_prefix("misp-galaxy:")?.split_once("=\"")?;
        let name = one_line(cluster.strip_suffix('"')?);
        object(galaxy, &name).filter(|_| !name.is_empty())
    })
}

fn object(galaxy: &str, name: &str) -> Option<Map<String, Value>> {
    let kind = match galaxy {
        "threat-actor" | "microsoft-activity-group" => "threat-actor",
        "mitre-intrusion-set" => "intrusion-set",
        "mitre-attack-pattern" => "attack-pattern",
        "mitre-tool" | "tool" => "tool",
        "malpedia" | "mitre-malware" | "ransomware" | "banker" | "rat" | "botnet" | "stealer"
        | "backdoor" | "cryptominers" | "exploit-kit" => "malware",
        _ => return None,
    };
    let mut object = id::base(kind, &format!("{galaxy} {name}"), CREATED);
    put(
        &mut object,
        "created_by_ref",
        json!(id::made("identity", "ayumi")),
    );
    put(&mut object, "name", json!(name));
    if kind == "malware" {
        put(&mut object, "is_family", json!(true));
    }
    // MITRE's clusters have their number behind the name: "Phishing - T1566".
    let number = name.rsplit_once(" - ").map(|(_, number)| number);
    let number = number.filter(|number| {
        galaxy.starts_with("mitre-")
            && number
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '.')
    });
    if let Some(number) = number {
        let reference = json!([{ "source_name": "mitre-attack", "external_id": number }]);
        put(&mut object, "external_references", reference);
    }
    Some(object)
}

/// How sure somebody is, from 0 to 100, by the scales of STIX 2.1, appendix A; `None` where nobody says.
pub(super) fn confidence(statement: &Statement) -> Option<u8> {
    let read = |tag: &String| of_tag(&MachineTag::parse(tag)?);
    statement.tags.iter().filter_map(read).min()
}

fn of_tag(tag: &MachineTag) -> Option<u8> {
    let confidence = match tag.parts() {
        ("admiralty-scale", "information-credibility", letter) => match letter {
            "1" => 90,
            "2" => 70,
            "3" => 50,
            "4" => 30,
            "5" => 10,
            _ => return None,
        },
        ("estimative-language", "likelihood-probability", words) => match words {
            "almost-no-chance" => 5,
            "very-unlikely" => 15,
            "unlikely" => 30,
            "roughly-even-chance" => 50,
            "likely" => 70,
            "very-likely" => 85,
            "almost-certain" => 95,
            _ => return None,
        },
        ("misp", "confidence-level", words) => match words {
            "completely-confident" => 95,
            "usually-confident" => 75,
            "fairly-confident" => 50,
            "rarely-confident" => 25,
            "unconfident" => 5,
            _ => return None,
        },
        _ => return None,
    };
    Some(confidence)
}

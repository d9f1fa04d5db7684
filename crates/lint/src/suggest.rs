//! Tags that the text of a document speaks of and that it does not have. They are for a person to set: a name in a text may
//! be a comparison, a denial, or a plain word.
//!
//! Names come from the clusters of <https://github.com/MISP/misp-galaxy> in files, and from a short list of our own
//! (`data/names.tsv`). A name on the stop list (`data/stop-words.txt`) is not looked for.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use aho_corasick::{AhoCorasick, MatchKind};
use ayumi_misp::{Content, Document};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data;
use crate::error::DataError;
use crate::subject::text;

/// The shortest name that is looked for; shorter ones are in every text.
const MIN_NAME_CHARS: usize = 4;

/// From this length on a single word is rarely something else.
const DISTINCT_CHARS: usize = 8;

/// Types whose values name a threat.
const NAMING: [&str; 4] = [
    "threat-actor",
    "campaign-name",
    "malware-type",
    "campaign-id",
];

/// How sure a suggestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A name that may be a plain word, or that several clusters have.
    Low,
    /// A name in a remark or a report.
    Medium,
    /// A name that is no plain word, in the title or in a value that is there to name it.
    High,
}

/// A tag that the text speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The tag.
    pub tag: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// What the text says.
    pub found: String,
    /// Where, as a JSON pointer.
    pub pointer: String,
}

/// Looks for names.
pub struct Suggester {
    matcher: AhoCorasick,
    /// The tags of each name, in the order of the matcher.
    tags: Vec<Vec<String>>,
}

#[derive(Deserialize)]
struct Galaxy {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    values: Vec<Cluster>,
}

#[derive(Deserialize)]
struct Cluster {
    value: String,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    synonyms: Vec<String>,
    #[serde(default)]
    external_id: Value,
}

impl Suggester {
    /// With the built-in names, and the clusters of a file or of the files beneath a folder.
    pub fn new(galaxies: Option<&Path>) -> Result<Self, DataError> {
        let mut names = built_in();
        if let Some(path) = galaxies {
            let is_galaxy = |value: &Value| {
                value.get("values").is_some_and(Value::is_array) && value.get("type").is_some()
            };
            for (_, galaxy) in data::read_all::<Galaxy>(path, "a galaxy's clusters", is_galaxy)? {
                galaxy
                    .values
                    .iter()
                    .for_each(|cluster| names.add_cluster(&galaxy.kind, cluster));
            }
        }
        let (patterns, tags): (Vec<_>, Vec<_>) = names.0.into_iter().unzip();
        let matcher = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&patterns)
            .map_err(|error| DataError::Content {
                path: galaxies.unwrap_or(Path::new("names")).to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            matcher,
            tags: tags
                .into_iter()
                .map(|tags| tags.into_iter().collect())
                .collect(),
        })
    }

    /// What the title, remarks, reports and naming values of a document speak of, and its tags do not; the surest first.
    pub fn suggest(&self, document: &Document) -> Vec<Suggestion> {
        let mut best = BTreeMap::<&str, Suggestion>::new();
        let has = present(document);
        for (pointer, text, is_naming) in texts(document) {
            let lower = text.to_lowercase();
            // Case folding moves bytes in some scripts; then what was written cannot be shown, and counts as lower case.
            let written = if lower.len() == text.len() {
                &text
            } else {
                &lower
            };
            for found in self.matcher.find_iter(&lower) {
                let range = found.range();
                if !is_word(&lower, &range) {
                    continue;
                }
                let word = written.get(range).unwrap_or_default();
                let tags = &self.tags[found.pattern().as_usize()];
                let confidence = confidence(word, is_naming, tags);
                for tag in tags.iter().filter(|tag| !has.contains(&tag.to_lowercase())) {
                    let suggestion = Suggestion {
                        tag: tag.clone(),
                        confidence,
                        found: word.to_owned(),
                        pointer: pointer.clone(),
                    };
                    let kept = best.entry(tag).or_insert_with(|| suggestion.clone());
                    if kept.confidence < confidence {
                        *kept = suggestion;
                    }
                }
            }
        }
        let mut all = best.into_values().collect::<Vec<_>>();
        all.sort_by(|a, b| {
            b.confidence
                .cmp(&a.confidence)
                .then_with(|| a.tag.cmp(&b.tag))
        });
        all
    }
}

/// Names in lower case, each with the tags that it may stand for.
struct Names(BTreeMap<String, std::collections::BTreeSet<String>>);

impl Names {
    fn add(&mut self, name: &str, tag: &str) {
        for spelling in spellings(&name.trim().to_lowercase()) {
            if spelling.chars().count() >= MIN_NAME_CHARS
                && !stop_words().contains(spelling.as_str())
            {
                self.0.entry(spelling).or_default().insert(tag.to_owned());
            }
        }
    }

    fn add_cluster(&mut self, kind: &str, cluster: &Cluster) {
        let tag = format!("misp-galaxy:{kind}=\"{}\"", cluster.value);
        self.add(&cluster.value, &tag);
        // ATT&CK writes "Phishing - T1566": both parts are names of their own.
        if let Some((name, id)) = cluster.value.rsplit_once(" - ") {
            self.add(name, &tag);
            self.add(id, &tag);
        }
        if let Value::String(id) = &cluster.meta.external_id {
            self.add(id, &tag);
        }
        cluster
            .meta
            .synonyms
            .iter()
            .for_each(|synonym| self.add(synonym, &tag));
    }
}

fn built_in() -> Names {
    let mut names = Names(BTreeMap::new());
    for line in include_str!("../data/names.tsv").lines() {
        let mut cells = line.split('\t');
        if let (Some(kind), Some(value)) = (cells.next(), cells.next()) {
            let synonyms = cells
                .next()
                .unwrap_or_default()
                .split(';')
                .filter(|name| !name.is_empty());
            let cluster = Cluster {
                value: value.to_owned(),
                meta: Meta {
                    synonyms: synonyms.map(str::to_owned).collect(),
                    external_id: Value::Null,
                },
            };
            names.add_cluster(kind, &cluster);
        }
    }
    names
}

fn stop_words() -> &'static HashSet<&'static str> {
    static WORDS: std::sync::LazyLock<HashSet<&str>> = std::sync::LazyLock::new(|| {
        let lines = include_str!("../data/stop-words.txt").lines();
        lines.filter(|line| !line.starts_with('#')).collect()
    });
    &WORDS
}

/// `apt28` is written `apt 28` and `apt-28` too.
fn spellings(name: &str) -> Vec<String> {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &name[letters.len()..];
    let word = letters.trim_end_matches([' ', '-']);
    let is_numbered = !number.is_empty()
        && !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !is_numbered || word.len() < 2 {
        return vec![name.to_owned()];
    }
    ["", " ", "-"]
        .map(|between| format!("{word}{between}{number}"))
        .to_vec()
}

fn confidence(word: &str, is_naming: bool, tags: &[String]) -> Confidence {
    let galaxies = tags
        .iter()
        .filter_map(|tag| tag.split_once('='))
        .map(|(galaxy, _)| galaxy);
    let mut per_galaxy = HashMap::<_, usize>::new();
    galaxies.for_each(|galaxy| *per_galaxy.entry(galaxy).or_default() += 1);
    let is_shared = per_galaxy.values().any(|count| *count > 1);
    let is_name = word.chars().any(|c| c.is_ascii_digit())
        || word.contains([' ', '-']) && word.chars().any(char::is_uppercase)
        || word.chars().skip(1).any(char::is_uppercase)
        || word.chars().count() >= DISTINCT_CHARS && word.starts_with(char::is_uppercase);
    match (is_shared, is_name, is_naming) {
        (false, true, true) => Confidence::High,
        (false, true, false) | (false, false, true)
            if word.starts_with(char::is_uppercase) || is_name =>
        {
            Confidence::Medium
        }
        _ => Confidence::Low,
    }
}

/// Whether no letter or digit continues it on either side.
fn is_word(text: &str, range: &std::ops::Range<usize>) -> bool {
    let before = text[..range.start].chars().next_back();
    let after = text[range.end..].chars().next();
    !before.is_some_and(|c| c.is_ascii_alphanumeric())
        && !after.is_some_and(|c| c.is_ascii_alphanumeric())
}

fn present(document: &Document) -> HashSet<String> {
    let of_attributes = document
        .attributes()
        .flat_map(|placed| placed.attribute.tag_names());
    let all = document.tag_names().into_iter().chain(of_attributes);
    all.map(|tag| tag.to_lowercase()).collect()
}

/// What people wrote, with its place, and whether it is there to name the threat.
fn texts(document: &Document) -> Vec<(String, String, bool)> {
    let at = document.pointer();
    let mut all = Vec::new();
    let mut push = |pointer: String, text: std::borrow::Cow<'_, str>, is_naming| {
        if !text.is_empty() {
            all.push((pointer, text.into_owned(), is_naming));
        }
    };
    if let Content::Event(event) = document.content() {
        push(format!("{at}/info"), text(&event.info), true);
        for (index, report) in event.event_reports.places() {
            push(
                format!("{at}/EventReport/{index}/name"),
                text(&report.name),
                true,
            );
            push(
                format!("{at}/EventReport/{index}/content"),
                text(&report.content),
                false,
            );
        }
        for (index, object) in event.objects.places() {
            push(
                format!("{at}/Object/{index}/comment"),
                text(&object.comment),
                false,
            );
        }
    }
    for placed in document.attributes() {
        let attribute = placed.attribute;
        let kind = text(&attribute.r#type);
        push(
            format!("{}/comment", placed.pointer()),
            text(&attribute.comment),
            false,
        );
        if NAMING.contains(&&*kind) || matches!(&*kind, "text" | "comment") {
            let is_naming = NAMING.contains(&&*kind);
            push(
                format!("{}/value", placed.pointer()),
                text(&attribute.value),
                is_naming,
            );
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(event: &str) -> Vec<(String, Confidence)> {
        let document = Document::parse(event.as_bytes()).expect("it is an event");
        let suggester = Suggester::new(None).expect("the built-in names are sound");
        suggester
            .suggest(&document)
            .into_iter()
            .map(|found| (found.tag, found.confidence))
            .collect()
    }

    fn event(info: &str, comment: &str, tag: &str) -> String {
        serde_json::json!({"Event": {"info": info, "Tag": [{"name": tag}],
            "Attribute": [{"type": "md5", "value": "0", "comment": comment}]}})
        .to_string()
    }

    #[test]
    fn a_name_in_the_title_is_suggested_unless_it_is_tagged() {
        let tag = "misp-galaxy:threat-actor=\"APT28\"";
        let is_found = |event: &str| suggested(event).contains(&(tag.to_owned(), Confidence::High));
        assert!(is_found(&event("New tools of APT 28", "", "x")));
        assert!(is_found(&event("New tools of Fancy Bear", "", "x")));
        assert!(!is_found(&event("New tools of APT28", "", tag)));
        assert!(!is_found(&event("New tools of APT281", "", "x")));
    }

    #[test]
    fn plain_words_are_not_suggested() {
        let found = suggested(&event(
            "Russian viper bites in the east",
            "magic empire, a shadow in the turla",
            "x",
        ));
        assert!(
            found
                .iter()
                .all(|(_, confidence)| *confidence == Confidence::Low),
            "{found:?}"
        );
        let words = found
            .iter()
            .map(|(tag, _)| tag.as_str())
            .collect::<Vec<_>>();
        assert!(
            !words
                .iter()
                .any(|tag| tag.contains("iper") || tag.contains("ussian")),
            "{words:?}"
        );
    }

    #[test]
    fn no_name_is_a_stop_word_and_each_line_has_a_galaxy_and_a_name() {
        for line in include_str!("../data/names.tsv")
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            assert!((2..=3).contains(&line.split('\t').count()), "{line}");
        }
        assert!(stop_words().contains("viper"));
    }
}

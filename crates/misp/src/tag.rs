//! Machine tags: `namespace:predicate="value"`.

use std::collections::HashSet;

use uuid::Uuid;

use crate::document::Document;
use crate::model::{Attribute, Galaxy, Tag};

/// A tag taken apart and folded to lower case, as MISP compares tags; `value` is "" when the tag has none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MachineTag {
    /// The vocabulary, such as `tlp`.
    pub namespace: String,
    /// The predicate, such as `amber`.
    pub predicate: String,
    /// The value without its quotes.
    pub value: String,
}

impl MachineTag {
    /// Takes a tag apart; `None` if it has no namespace.
    pub fn parse(tag: &str) -> Option<Self> {
        let (namespace, rest) = tag.split_once(':')?;
        let (predicate, value) = rest.split_once('=').unwrap_or((rest, ""));
        let value = value.trim();
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .unwrap_or(value);
        let fold = |part: &str| part.trim().to_lowercase();
        Some(Self {
            namespace: fold(namespace),
            predicate: fold(predicate),
            value: fold(value),
        })
    }

    /// The parts, to match on.
    pub fn parts(&self) -> (&str, &str, &str) {
        (&self.namespace, &self.predicate, &self.value)
    }
}

/// The tags of a document, as they were written.
pub(crate) struct Tags {
    /// On the document itself, with the clusters attached to it. MISP tags an object only through its attributes, so for
    /// a document that is one object these are the tags of its attributes too.
    pub(crate) whole: Vec<String>,
    /// On each attribute that is not deleted, in order.
    pub(crate) attributes: Vec<Vec<String>>,
    /// Those of `whole` that are meant for others: neither local nor held back.
    pub(crate) public: Vec<String>,
}

impl Tags {
    pub(crate) fn of(document: &Document) -> Self {
        let attributes = document.attributes().map(|placed| placed.attribute);
        let live = attributes
            .filter(|attribute| !attribute.deleted.is_true())
            .collect::<Vec<_>>();
        let (mut own, mut galaxies) = (document.tags().iter().collect::<Vec<_>>(), Vec::new());
        if let Some(event) = document.event() {
            galaxies.extend(event.galaxies.iter());
        } else {
            own.extend(live.iter().flat_map(|attribute| attribute.tags.iter()));
            galaxies.extend(live.iter().flat_map(|attribute| attribute.galaxies.iter()));
        }
        let clusters = galaxies
            .into_iter()
            .flat_map(cluster_tags)
            .collect::<Vec<_>>();
        let (shared, held_back): (Vec<_>, Vec<_>) = own.iter().partition(|tag| is_shared(tag));
        let held_back = names(held_back)
            .map(|name| name.to_lowercase())
            .collect::<HashSet<_>>();
        let listed = names(shared).chain(clusters.iter().cloned());
        Self {
            public: distinct(listed.filter(|tag| !held_back.contains(&tag.to_lowercase()))),
            whole: distinct(names(own).chain(clusters)),
            attributes: live.into_iter().map(attribute_tags).collect(),
        }
    }

    /// Every machine tag, with what was written: the document's own first.
    pub(crate) fn machine(&self) -> impl Iterator<Item = (&str, MachineTag)> {
        machine(&self.whole).chain(self.attributes.iter().flat_map(|tags| machine(tags)))
    }

    /// The machine tags on the document itself.
    pub(crate) fn machine_whole(&self) -> impl Iterator<Item = (&str, MachineTag)> {
        machine(&self.whole)
    }
}

/// Whether `text` is a uuid as MISP writes one.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

pub(crate) fn machine(tags: &[String]) -> impl Iterator<Item = (&str, MachineTag)> {
    tags.iter()
        .filter_map(|tag| Some((tag.as_str(), MachineTag::parse(tag)?)))
}

fn is_shared(tag: &Tag) -> bool {
    !tag.local.is_true() && !tag.exportable.is_false()
}

pub(crate) fn attribute_tags(attribute: &Attribute) -> Vec<String> {
    let clusters = attribute.galaxies.iter().flat_map(cluster_tags);
    distinct(names(attribute.tags.iter()).chain(clusters))
}

fn names<'a>(tags: impl IntoIterator<Item = &'a Tag>) -> impl Iterator<Item = String> {
    let names = tags
        .into_iter()
        .filter_map(|tag| Some(tag.name.text()?.trim().to_owned()));
    names.filter(|name| !name.is_empty())
}

/// The tags that attach a galaxy's clusters; built as MISP builds them where a cluster does not name its own.
fn cluster_tags(galaxy: &Galaxy) -> impl Iterator<Item = String> {
    galaxy.clusters.iter().filter_map(|cluster| {
        let named = cluster
            .tag_name
            .text()
            .filter(|name| !name.trim().is_empty());
        named.map(|name| name.trim().to_owned()).or_else(|| {
            let kind = cluster.r#type.text().or(galaxy.r#type.text())?;
            Some(format!("misp-galaxy:{kind}=\"{}\"", cluster.value.text()?))
        })
    })
}

fn distinct(tags: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    tags.filter(|tag| seen.insert(tag.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_tag_is_read_with_and_without_quotes_and_value() {
        let parts =
            |tag| MachineTag::parse(tag).map(|tag| (tag.namespace, tag.predicate, tag.value));
        let triple = |a: &str, b: &str, c: &str| Some((a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(parts("TLP:AMBER+STRICT"), triple("tlp", "amber+strict", ""));
        assert_eq!(
            parts(r#"iep:commercial-use="MUST NOT""#),
            triple("iep", "commercial-use", "must not")
        );
        assert_eq!(parts("coa:deny=proxy"), triple("coa", "deny", "proxy"));
        assert_eq!(parts("osint"), None);
    }
}

//! A STIX 2.1 bundle (<https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html>).
//!
//! | MISP | STIX |
//! | --- | --- |
//! | event; document that is one object | `report`; `grouping` |
//! | attribute | `indicator`: `valid_from` and `valid_until` are its period, the direction is in its pattern |
//! | object with selected attributes | `grouping` of their indicators |
//! | object reference | `relationship` |
//! | `course-of-action` object, expected action | `course-of-action`, with relationships to what it is for |
//! | attached cluster | `threat-actor`, `intrusion-set`, `malware`, `tool`, `attack-pattern` |
//! | TLP 2.0 | `marking-definition` of OASIS |
//! | PAP, commercial use, audience, control point, direction, action, last seen | a property extension of ours, and labels |
//! | sighting | `sighting` |
//!
//! An object's id is made of the uuid that it has in MISP, so that a second export is the same objects again.

mod action;
mod extension;
mod id;
mod marking;
mod pattern;
mod threat;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ayumi_misp::model::{Object, Sighting};
use ayumi_misp::{Document, Edge, Text, Tlp, unix_seconds};
use serde_json::{Map, Value, json};

use crate::options::Options;
use crate::report::Report;
use crate::select::{Selected, Source};
use crate::stance::seconds;
use crate::text::{creator, cut, one_line, title};

/// What stands where a document has no title and no name.
const UNNAMED: &str = "unnamed";
/// The most characters of a value in a name.
const MAX_NAME_CHARS: usize = 200;

pub(crate) fn write(
    documents: &[Document],
    selected: &[Selected<'_>],
    options: &Options,
    report: &mut Report,
) -> String {
    let mut bundle = Bundle::default();
    bundle.add_all(extension::definition());
    let mut rest = selected;
    for (index, document) in documents.iter().enumerate() {
        let end = rest.partition_point(|one| one.source.index == index);
        let (of_document, others) = rest.split_at(end);
        Writer::new(document, index, &mut bundle).write(of_document, options, report);
        rest = others;
    }
    format!("{:#}\n", bundle.finish())
}

/// The objects, each id once.
#[derive(Default)]
struct Bundle {
    ids: HashSet<String>,
    objects: Vec<Value>,
}

impl Bundle {
    /// Adds an object unless it is there; its id.
    fn add(&mut self, object: Value) -> String {
        let id = object["id"].as_str().unwrap_or_default().to_owned();
        if self.ids.insert(id.clone()) {
            self.objects.push(object);
        }
        id
    }

    fn add_all(&mut self, objects: impl IntoIterator<Item = Value>) {
        for object in objects {
            self.add(object);
        }
    }

    fn finish(self) -> Value {
        let ids = self
            .objects
            .iter()
            .filter_map(|object| object["id"].as_str());
        let id = id::made("bundle", &ids.collect::<Vec<_>>().join(" "));
        json!({ "type": "bundle", "id": id, "objects": self.objects })
    }
}

/// Writes one document into the bundle.
struct Writer<'a, 'b> {
    document: &'a Document,
    source: Source<'a>,
    bundle: &'b mut Bundle,
    /// The document's uuid, or what stands for it.
    key: String,
    /// When the document was last changed.
    changed: u64,
    creator: String,
    /// Ids of what the report is about, in order, and the same to look them up.
    refs: Vec<String>,
    referred: HashSet<String>,
    /// STIX ids by the uuids of what they were in MISP.
    by_uuid: HashMap<String, String>,
    /// The ids of the indicators of each object, by its place.
    members: BTreeMap<usize, Vec<String>>,
    tlp: Tlp,
    /// How sure the document says it is.
    confidence: Option<u8>,
}

impl<'a, 'b> Writer<'a, 'b> {
    fn new(document: &'a Document, index: usize, bundle: &'b mut Bundle) -> Self {
        let source = Source::of(document, index);
        let key = id::document(document, index);
        let changed = id::changed(document);
        let creator = bundle.add(identity(document, changed));
        Self {
            tlp: source.statement.tlp,
            confidence: threat::confidence(&source.statement),
            document,
            source,
            bundle,
            key,
            changed,
            creator,
            refs: Vec::new(),
            referred: HashSet::new(),
            by_uuid: HashMap::new(),
            members: BTreeMap::new(),
        }
    }

    fn write(mut self, selected: &[Selected<'_>], options: &Options, report: &mut Report) {
        for one in selected {
            if let Some((kind, pattern)) = report.count(one, pattern::of(one)) {
                self.indicator(one, kind, &pattern);
            }
        }
        let is_told = options.unpublished
            || !self
                .document
                .event()
                .is_some_and(|event| event.published.is_false());
        if is_told {
            self.objects();
            self.references();
        }
        self.report(is_told);
    }

    /// What every object has.
    fn base(&self, kind: &str, name: &str, created: u64, tlp: Tlp) -> Map<String, Value> {
        let mut base = id::base(kind, name, created);
        base.insert("created_by_ref".into(), json!(self.creator));
        if let Some(marking) = marking::id(tlp) {
            base.insert("object_marking_refs".into(), json!([marking]));
        }
        base
    }

    fn add(&mut self, object: Map<String, Value>) -> String {
        self.bundle.add(Value::Object(object))
    }

    /// Adds an object that the report is about.
    fn add_reported(&mut self, object: Map<String, Value>) -> String {
        let id = self.add(object);
        if self.referred.insert(id.clone()) {
            self.refs.push(id.clone());
        }
        id
    }

    fn mark(&mut self, tlp: Tlp) {
        self.tlp = self.tlp.max(tlp);
        self.bundle.add_all(marking::definition(tlp));
    }

    fn indicator(&mut self, one: &Selected<'_>, pattern_type: &str, pattern: &str) {
        let attribute = one.placed.attribute;
        let tlp = self
            .source
            .statement
            .tlp
            .max(one.own.tlp)
            .max(one.object.tlp);
        self.mark(tlp);
        let changed = seconds(&attribute.timestamp).unwrap_or(self.changed);
        let uuid = id::uuid(&attribute.uuid);
        let mut name = uuid.clone().unwrap_or_else(|| self.place(one));
        if self.bundle.ids.contains(&id::made("indicator", &name)) {
            name = self.place(one); // a second of the same uuid, as no instance of MISP has it
        }
        let mut object = self.base("indicator", &name, changed, tlp);
        let value = one_line(&attribute.value.text().unwrap_or_default());
        put(&mut object, "name", json!(cut(&value, MAX_NAME_CHARS)));
        put_text(&mut object, "description", &attribute.comment);
        let is_detected = attribute.to_ids.is_true();
        let of_type = if is_detected {
            "malicious-activity"
        } else {
            "unknown"
        };
        put(&mut object, "indicator_types", json!([of_type]));
        put(&mut object, "pattern", json!(pattern));
        put(&mut object, "pattern_type", json!(pattern_type));
        let from = self.valid_from(one, changed);
        put(&mut object, "valid_from", json!(id::time(from)));
        if let Some(until) = one.period.until {
            put(&mut object, "valid_until", json!(id::time(until)));
        }
        put_labels(&mut object, one.own.tags.iter().chain(&one.object.tags));
        let near = threat::confidence(&one.own).or_else(|| threat::confidence(&one.object));
        if let Some(confidence) = near.or(self.confidence) {
            put(&mut object, "confidence", json!(confidence));
        }
        if let Some(uuid) = &uuid {
            put(
                &mut object,
                "external_references",
                json!([id::in_misp(uuid)]),
            );
        }
        put(&mut object, "extensions", extension::of_indicator(one));
        let indicator = self.add_reported(object);
        if let Some(uuid) = uuid {
            self.by_uuid.insert(uuid, indicator.clone());
        }
        self.around(one, &indicator, tlp);
    }

    /// What belongs to an indicator: its object, its threats, what to do about it, where it was seen.
    fn around(&mut self, one: &Selected<'_>, indicator: &str, tlp: Tlp) {
        if let Some(index) = one.placed.object_index() {
            let members = self.members.entry(index).or_default();
            members.push(indicator.to_owned());
        }
        for threat in threat::all(&one.own.tags) {
            let threat = self.add_reported(threat);
            self.relate("indicates", indicator, &threat, tlp);
        }
        for action in one.own.actions.iter().chain(one.object.actions.iter()) {
            let course = self.add_reported(action::course(action));
            self.relate(action::relationship(action), &course, indicator, tlp);
        }
        for sighting in one.placed.attribute.sightings.iter() {
            self.sighting(sighting, indicator, tlp);
        }
    }

    /// The stated start, or else the event's date, or else the last change; always before the end.
    fn valid_from(&self, one: &Selected<'_>, changed: u64) -> u64 {
        let date = || {
            let date = self.document.event()?.date.text()?;
            unix_seconds(date.trim(), Edge::Start)
        };
        let from = one.period.from.or_else(date).unwrap_or(changed);
        let before_end = one.period.until.map(|until| until.saturating_sub(1));
        before_end.map_or(from, |before| from.min(before))
    }

    /// A sighting of the value; its being wrong or over is not one.
    fn sighting(&mut self, sighting: &Sighting, indicator: &str, tlp: Tlp) {
        let is_seen = sighting.r#type.text().is_none_or(|kind| kind.trim() == "0");
        let Some(seen) = seconds(&sighting.date_sighting).filter(|_| is_seen) else {
            return;
        };
        let organisation = sighting.organisation.read();
        let by = organisation.and_then(|organisation| {
            Some(id::identity(
                &organisation.uuid,
                &one_line(&organisation.name.text()?),
                seen,
            ))
        });
        let by = by.map(|by| self.bundle.add(by));
        let name = id::uuid(&sighting.uuid);
        let name = name
            .unwrap_or_else(|| format!("{indicator} {seen} {}", by.as_deref().unwrap_or_default()));
        let mut object = self.base("sighting", &name, seen, tlp);
        put(&mut object, "first_seen", json!(id::time(seen)));
        put(&mut object, "last_seen", json!(id::time(seen)));
        put(&mut object, "count", json!(1));
        put(&mut object, "sighting_of_ref", json!(indicator));
        if let Some(by) = by {
            put(&mut object, "where_sighted_refs", json!([by]));
        }
        self.add_reported(object);
    }

    /// Objects as groupings of their indicators, and those that are courses of action.
    fn objects(&mut self) {
        let document = self.document;
        for (index, object) in document.objects() {
            if object.deleted.is_true() {
                continue;
            }
            let name =
                id::uuid(&object.uuid).unwrap_or_else(|| format!("{} object {index}", self.key));
            let changed = seconds(&object.timestamp).unwrap_or(self.changed);
            let is_course = object
                .name
                .text()
                .is_some_and(|name| name == "course-of-action");
            let made = if is_course {
                let base = self.base(
                    "course-of-action",
                    &name,
                    changed,
                    self.source.statement.tlp,
                );
                action::course_of(object, base)
            } else {
                self.grouping(object, index, &name, changed)
            };
            let Some(made) = made else { continue };
            let id = self.add_reported(made);
            if let Some(uuid) = id::uuid(&object.uuid) {
                self.by_uuid.insert(uuid, id);
            }
        }
    }

    fn grouping(
        &self,
        object: &Object,
        index: usize,
        name: &str,
        changed: u64,
    ) -> Option<Map<String, Value>> {
        let members = self.members.get(&index)?;
        let mut grouping = self.base("grouping", name, changed, self.tlp);
        let named = one_line(&object.name.text().unwrap_or_default());
        put(&mut grouping, "name", json!(or_unnamed(&named)));
        put(&mut grouping, "context", json!("suspicious-activity"));
        put_text(&mut grouping, "description", &object.comment);
        put(&mut grouping, "object_refs", json!(members));
        if let Some(uuid) = id::uuid(&object.uuid) {
            put(
                &mut grouping,
                "external_references",
                json!([id::in_misp(&uuid)]),
            );
        }
        Some(grouping)
    }

    /// References between what is in the bundle.
    fn references(&mut self) {
        let document = self.document;
        for (_, object) in document.objects() {
            for reference in object.references.iter() {
                let known = |uuid: &Text| self.by_uuid.get(&id::uuid(uuid)?).cloned();
                let (Some(from), Some(to)) =
                    (known(&object.uuid), known(&reference.referenced_uuid))
                else {
                    continue;
                };
                if !reference.deleted.is_true() {
                    let kind = reference.relationship_type.text().unwrap_or_default();
                    self.relate(&id::word(&kind), &from, &to, self.source.statement.tlp);
                }
            }
        }
    }

    fn relate(&mut self, kind: &str, from: &str, to: &str, tlp: Tlp) {
        let name = format!("{from} {kind} {to}");
        let mut object = self.base("relationship", &name, self.changed, tlp);
        put(&mut object, "relationship_type", json!(kind));
        put(&mut object, "source_ref", json!(from));
        put(&mut object, "target_ref", json!(to));
        self.add_reported(object);
    }

    /// The document itself, with what is stated of all of it.
    fn report(mut self, is_told: bool) {
        let kind = if self.document.event().is_some() {
            "report"
        } else {
            "grouping"
        };
        let key = self.key.clone();
        let own = id::made(kind, &key);
        if is_told {
            let statement = self.source.statement.clone();
            for threat in threat::all(&statement.tags) {
                self.add_reported(threat);
            }
            for action in statement.actions.iter() {
                let course = self.add_reported(action::course(action));
                self.relate("related-to", &course, &own, statement.tlp);
            }
        }
        self.mark(self.tlp);
        let mut object = self.base(kind, &key, self.changed, self.tlp);
        let title = if is_told {
            title(self.document)
        } else {
            String::new()
        };
        put(&mut object, "name", json!(or_unnamed(&title)));
        if kind == "report" {
            put(&mut object, "report_types", json!(["indicator"]));
            let published = self
                .document
                .event()
                .and_then(|event| seconds(&event.publish_timestamp));
            put(
                &mut object,
                "published",
                json!(id::time(published.unwrap_or(self.changed))),
            );
        } else {
            put(&mut object, "context", json!("suspicious-activity"));
        }
        if self.refs.is_empty() {
            self.refs.push(self.creator.clone());
        }
        self.refs.retain(|id| *id != own);
        put(&mut object, "object_refs", json!(self.refs));
        if is_told {
            put_labels(&mut object, self.source.statement.tags.iter());
            put(
                &mut object,
                "extensions",
                extension::of_document(&self.source.statement),
            );
        }
        if let Some(uuid) = id::document_uuid(self.document) {
            put(
                &mut object,
                "external_references",
                json!([id::in_misp(&uuid)]),
            );
        }
        self.add(object);
    }

    fn place(&self, one: &Selected<'_>) -> String {
        format!("{} {}", self.key, one.placed.pointer())
    }
}

/// Who made a document.
fn identity(document: &Document, created: u64) -> Value {
    let name = creator(document);
    let creator = document.event().and_then(|event| event.orgc.read());
    let none = Text::Absent;
    let uuid = creator.map_or(&none, |creator| &creator.uuid);
    let name = if name.is_empty() { UNNAMED } else { &name };
    id::identity(uuid, name, created)
}

fn or_unnamed(name: &str) -> &str {
    if name.is_empty() { UNNAMED } else { name }
}

fn put(object: &mut Map<String, Value>, key: &str, value: Value) {
    if !value.is_null() {
        object.insert(key.into(), value);
    }
}

fn put_text(object: &mut Map<String, Value>, key: &str, text: &Text) {
    let text = text.text().unwrap_or_default();
    if !text.trim().is_empty() {
        put(object, key, json!(text.trim()));
    }
}

fn put_labels<'t>(object: &mut Map<String, Value>, tags: impl Iterator<Item = &'t String>) {
    let labels = tags.collect::<BTreeSet<_>>();
    if !labels.is_empty() {
        put(object, "labels", json!(labels));
    }
}

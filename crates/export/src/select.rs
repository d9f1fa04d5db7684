//! The one step that decides what is exported, the same for every format.

use std::collections::HashMap;
use std::rc::Rc;

use ayumi_misp::model::Sighting;
use ayumi_misp::{Direction, Document, End, Pap, Placed, Set, Statement};

use crate::observable::{self, Class, Observable};
use crate::options::Options;
use crate::report::{Reason, Report};
use crate::stance::{Period, Periods, Stance, ends_of, seconds};

/// MISP's number for a sighting that says that the value is over.
const EXPIRATION: &str = "2";

/// A document with what it states itself.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) document: &'a Document,
    /// Its position among the documents.
    pub(crate) index: usize,
    pub(crate) statement: Statement,
}

/// An attribute that is exported wherever the format has a place for it.
#[derive(Debug, Clone)]
pub(crate) struct Selected<'a> {
    pub(crate) source: Rc<Source<'a>>,
    pub(crate) placed: Placed<'a>,
    /// What is stated on the attribute, and on its object.
    pub(crate) own: Statement,
    pub(crate) object: Rc<Statement>,
    pub(crate) stance: Stance,
    pub(crate) period: Period,
    /// The strictest mark that applies.
    pub(crate) pap: Pap,
    /// What the value is made of, as far as it is of use at the control point; or why no rule can be made of it.
    pub(crate) observables: Result<Vec<Observable>, Reason>,
}

/// What is selected of the documents; the rest is counted.
pub(crate) fn select<'a>(
    documents: &'a [Document],
    options: &Options,
    report: &mut Report,
) -> Vec<Selected<'a>> {
    let mut selected = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let source = Rc::new(Source::of(document, index));
        let mut objects = HashMap::new();
        for placed in document.attributes_and_proposals() {
            let object = objects
                .entry(placed.object_index())
                .or_insert_with(|| Rc::new(Statement::of_object(document, &placed)));
            match consider(&source, placed, Rc::clone(object), options) {
                Ok(one) => selected.push(one),
                Err(reason) => report.leave_out(reason),
            }
        }
    }
    selected
}

impl<'a> Source<'a> {
    pub(crate) fn of(document: &'a Document, index: usize) -> Self {
        Self {
            document,
            index,
            statement: Statement::of_document(document),
        }
    }
}

impl Selected<'_> {
    /// The type.
    pub(crate) fn kind(&self) -> String {
        kind(&self.placed)
    }

    /// Whether it says until when it is valid.
    pub(crate) fn has_end(&self) -> bool {
        self.period.until.or(self.period.last_seen).is_some()
    }

    /// The observables, or why there are none.
    pub(crate) fn observables(&self) -> Result<&[Observable], Reason> {
        self.observables.as_deref().map_err(|reason| *reason)
    }
}

/// A text that is made of each document once, as all its attributes have it.
pub(crate) struct PerDocument<F> {
    make: F,
    /// The position of the document, and its text.
    made: Option<(usize, String)>,
}

impl<F: Fn(&Document) -> String> PerDocument<F> {
    pub(crate) fn new(make: F) -> Self {
        Self { make, made: None }
    }

    /// The text of the attribute's document. The attributes of a document come together.
    pub(crate) fn of(&mut self, one: &Selected<'_>) -> &str {
        let index = one.source.index;
        if self.made.as_ref().is_none_or(|(made, _)| *made != index) {
            self.made = None;
        }
        let (_, text) = self
            .made
            .get_or_insert_with(|| (index, (self.make)(one.source.document)));
        text
    }
}

fn consider<'a>(
    source: &Rc<Source<'a>>,
    placed: Placed<'a>,
    object: Rc<Statement>,
    options: &Options,
) -> Result<Selected<'a>, Reason> {
    check_state(source.document, &placed, options)?;
    let own = Statement::of_attribute(source.document, &placed);
    let near = [&own, &*object];
    let period = periods(source, &placed, near, options).at(options.at)?;
    let classes = observable::classes(&kind(&placed));
    let stance = stance(source, &placed, near, options);
    let classes = classes.unwrap_or_default();
    let observables = observables(source, &placed, near, &classes, stance, options)?;
    let listed = options.listing.as_ref().map(|listing| listing.pap);
    Ok(Selected {
        pap: source
            .statement
            .pap
            .max(own.pap)
            .max(object.pap)
            .max(listed.unwrap_or_default()),
        source: Rc::clone(source),
        placed,
        own,
        object,
        stance,
        period,
        observables,
    })
}

fn check_state(document: &Document, placed: &Placed<'_>, options: &Options) -> Result<(), Reason> {
    let attribute = placed.attribute;
    let unpublished = document
        .event()
        .is_some_and(|event| event.published.is_false());
    if placed.is_proposal() {
        return Err(Reason::Proposal);
    }
    if attribute.deleted.is_true() || placed.object.is_some_and(|object| object.deleted.is_true()) {
        return Err(Reason::Deleted);
    }
    if unpublished && !options.unpublished {
        return Err(Reason::Unpublished);
    }
    if !attribute.to_ids.is_true() && !options.without_to_ids {
        return Err(Reason::NotToIds);
    }
    Ok(())
}

fn periods<'a>(
    source: &Source<'_>,
    placed: &Placed<'a>,
    [own, object]: [&Statement; 2],
    options: &Options,
) -> Periods<'a> {
    let (attribute, group) = (placed.attribute, placed.object);
    let listing = options.listing.as_ref();
    let listed = |seconds: u64| Some(seconds).filter(|seconds| *seconds != 0);
    let mut ends = ends_of([own, object, &source.statement]);
    ends.extend(attribute.sightings.iter().filter_map(expiration));
    ends.extend(listing.and_then(|listing| listed(listing.valid_until).map(End::At)));
    Periods {
        starts: vec![
            own.valid_from,
            seconds(&attribute.first_seen),
            object.valid_from,
            group.and_then(|group| seconds(&group.first_seen)),
            source.statement.valid_from,
            listing.and_then(|listing| listed(listing.valid_from)),
        ],
        ends,
        last_seen: std::iter::once(&attribute.last_seen)
            .chain(group.map(|group| &group.last_seen))
            .collect(),
    }
}

/// When a sighting says that a value is over: at once where it has no date.
fn expiration(sighting: &Sighting) -> Option<End> {
    let is_expiration = sighting
        .r#type
        .text()
        .is_some_and(|kind| kind.trim() == EXPIRATION);
    is_expiration.then(|| End::At(seconds(&sighting.date_sighting).unwrap_or(0)))
}

fn stance(
    source: &Source<'_>,
    placed: &Placed<'_>,
    [own, object]: [&Statement; 2],
    options: &Options,
) -> Stance {
    let of_type = placed
        .direction_of_type()
        .into_iter()
        .collect::<Set<Direction>>();
    let listed = options.listing.as_ref().map(|listing| listing.directions);
    Stance::of(
        [own.directions, object.directions, of_type],
        std::iter::once(source.statement.directions).chain(listed),
    )
}

/// The observables that go in the direction asked for and are of use at the control point.
fn observables(
    source: &Source<'_>,
    placed: &Placed<'_>,
    near: [&Statement; 2],
    classes: &[Class],
    stance: Stance,
    options: &Options,
) -> Result<Result<Vec<Observable>, Reason>, Reason> {
    let towards = |is_contacted| {
        let mut directions = options.directions();
        directions.try_for_each(|direction| stance.towards(direction, is_contacted))
    };
    towards(classes.iter().any(|class| class.is_contacted()))?;
    let of_use = of_use(source, near, classes, options)?;
    if classes.is_empty() {
        return Ok(Err(Reason::NoPlace));
    }
    // A port goes where its address or host goes.
    let goes = |class: Class| class == Class::Port || towards(class.is_contacted()).is_ok();
    let wanted = |class: Class| of_use.contains(&class) && goes(class);
    if !classes.iter().any(|class| wanted(*class)) {
        towards(false)?;
    }
    let value = placed.attribute.value.text().unwrap_or_default();
    Ok(observable::read(classes, &value, wanted))
}

/// The parts that are of use at the control point. What is stated on the attribute or its object decides; else the type does,
/// within what the document states.
fn of_use(
    source: &Source<'_>,
    near: [&Statement; 2],
    classes: &[Class],
    options: &Options,
) -> Result<Vec<Class>, Reason> {
    let Some(point) = options.control_point else {
        return Ok(classes.to_vec());
    };
    let fitting = classes
        .iter()
        .any(|class| class.is_of_use_at(point) && *class != Class::Port);
    let stated = near
        .into_iter()
        .map(|statement| statement.control_points)
        .find(|points| !points.is_empty());
    let whole = source.statement.control_points;
    let accepted = match stated {
        Some(points) => points.contains(point),
        None => fitting && (whole.is_empty() || whole.contains(point)),
    };
    if !accepted {
        return Err(Reason::OtherControlPoint);
    }
    let of_use = classes.iter().copied();
    Ok(of_use
        .filter(|class| !fitting || class.is_of_use_at(point))
        .collect())
}

fn kind(placed: &Placed<'_>) -> String {
    placed
        .attribute
        .r#type
        .text()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

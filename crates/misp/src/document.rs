//! The whole way from bytes to the model, and the walk over what a document holds.

use serde_json::Value;

use crate::envelope::{self, Inner};
use crate::json::type_of;
use crate::kept::{Kept, Many, Shape};
use crate::model::{Attribute, Event, Object, Tag};
use crate::{ParseError, json};

/// The longest document that is read, 32 MiB: twelve times the largest public event known, and little enough to be read
/// into memory at once.
pub const MAX_DOCUMENT_BYTES: usize = 32 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One MISP document: a lenient view of bytes that nobody rewrites.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    content: Content,
    pointer: String,
}

/// What a document is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// `{"Event": …}`, an answer with one event, or a bare event.
    Event(Box<Event>),
    /// `{"Object": …}` or a bare object.
    Object(Box<Object>),
}

/// An attribute with its place in the document.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// The attribute.
    pub attribute: &'a Attribute,
    /// The object that it is part of.
    pub object: Option<&'a Object>,
    document: &'a Document,
    /// The positions in the lists of objects, attributes and proposals.
    object_index: Option<usize>,
    index: Option<usize>,
    proposal_index: Option<usize>,
}

impl Document {
    /// Reads one event or object from the bytes of a file or an answer.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let text = check_bytes(bytes)?;
        let (path, inner) = envelope::open(json::check(text)?)?;
        // Every place of the model is `Kept`, so this does not fail; if it did, it would be told, not a panic.
        let content = match inner {
            Inner::Event => Content::Event(json::read(text, &path)?),
            Inner::Object => Content::Object(json::read(text, &path)?),
        };
        let document = Self {
            content,
            pointer: path.iter().flat_map(|step| ["/", step]).collect(),
        };
        document.check_lists()?;
        if document.is_empty() {
            return Err(ParseError::Empty {
                pointer: document.pointer,
            });
        }
        Ok(document)
    }

    /// The event or the object.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The event, if the document is one.
    pub fn event(&self) -> Option<&Event> {
        match &self.content {
            Content::Event(event) => Some(event),
            Content::Object(_) => None,
        }
    }

    /// The JSON pointer of the event or the object in the bytes; "" if they are bare.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The objects, deleted ones too, with their positions.
    pub fn objects(&self) -> impl Iterator<Item = (usize, &Object)> {
        let (of_event, alone) = match &self.content {
            Content::Event(event) => (Some(&event.objects), None),
            Content::Object(object) => (None, Some((0, &**object))),
        };
        of_event.into_iter().flat_map(Many::places).chain(alone)
    }

    /// The attributes in and outside objects, deleted ones too, without proposals.
    pub fn attributes(&self) -> impl Iterator<Item = Placed<'_>> {
        let outside = self
            .event()
            .into_iter()
            .flat_map(|event| event.attributes.places());
        let outside = outside.map(|(index, attribute)| self.placed(attribute, None, index));
        let inside = self.objects().flat_map(move |object| {
            object
                .1
                .attributes
                .places()
                .map(move |(index, attribute)| self.placed(attribute, Some(object), index))
        });
        outside.chain(inside)
    }

    /// The attributes and all proposals for attributes.
    pub fn attributes_and_proposals(&self) -> impl Iterator<Item = Placed<'_>> {
        let proposals = self
            .event()
            .into_iter()
            .flat_map(|event| event.shadow_attributes.places());
        let proposals = proposals.map(|(index, attribute)| Placed {
            index: None,
            proposal_index: Some(index),
            ..self.placed(attribute, None, index)
        });
        let attributes = self.attributes().flat_map(|placed| {
            let proposals = placed.attribute.shadow_attributes.places();
            let proposals = proposals.map(move |(index, attribute)| Placed {
                attribute,
                proposal_index: Some(index),
                ..placed
            });
            std::iter::once(placed).chain(proposals)
        });
        attributes.chain(proposals)
    }

    /// The tags on the document itself: the event's or the object's.
    pub fn tags(&self) -> &Many<Tag> {
        match &self.content {
            Content::Event(event) => &event.tags,
            Content::Object(object) => &object.tags,
        }
    }

    fn placed<'a>(
        &'a self,
        attribute: &'a Attribute,
        object: Option<(usize, &'a Object)>,
        index: usize,
    ) -> Placed<'a> {
        let object_index = object
            .map(|(index, _)| index)
            .filter(|_| self.event().is_some());
        Placed {
            attribute,
            object: object.map(|(_, object)| object),
            document: self,
            object_index,
            index: Some(index),
            proposal_index: None,
        }
    }

    fn is_empty(&self) -> bool {
        let objects = self
            .event()
            .is_some_and(|event| event.objects.iter().next().is_some());
        !objects && self.attributes().next().is_none()
    }

    /// Whether everything that can hold a value or a tag was read: what is merely kept would escape [`Document::leaks`], and a
    /// mark that is not seen would not be obeyed.
    fn check_lists(&self) -> Result<(), ParseError> {
        let at = &self.pointer;
        if let Some(event) = self.event() {
            check_list(|| format!("{at}/Tag"), &event.tags)?;
            check_attributes(&format!("{at}/Attribute"), &event.attributes)?;
            check_list(|| format!("{at}/ShadowAttribute"), &event.shadow_attributes)?;
            check_list(|| format!("{at}/Object"), &event.objects)?;
        }
        self.objects().try_for_each(|(index, object)| {
            let inside = self
                .event()
                .map(|_| format!("/Object/{index}"))
                .unwrap_or_default();
            check_list(|| format!("{at}{inside}/Tag"), &object.tags)?;
            check_attributes(&format!("{at}{inside}/Attribute"), &object.attributes)
        })
    }
}

impl Placed<'_> {
    /// Whether it is a proposal, which its owner has not accepted.
    pub fn is_proposal(&self) -> bool {
        self.proposal_index.is_some()
    }

    /// The position of the object among those of the event; `None` where the object is the document.
    pub fn object_index(&self) -> Option<usize> {
        self.object_index
    }

    /// The JSON pointer of the attribute in the bytes.
    pub fn pointer(&self) -> String {
        let segment =
            |name, index: Option<usize>| index.map(|i| format!("/{name}/{i}")).unwrap_or_default();
        [
            self.document.pointer.clone(),
            segment("Object", self.object_index),
            segment("Attribute", self.index),
            segment("ShadowAttribute", self.proposal_index),
        ]
        .concat()
    }
}

fn check_bytes(bytes: &[u8]) -> Result<&str, ParseError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(ParseError::TooBig { bytes: bytes.len() });
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        return Err(ParseError::ByteOrderMark);
    }
    std::str::from_utf8(bytes).map_err(|error| ParseError::NotUtf8 {
        offset: error.valid_up_to(),
    })
}

fn check_attributes(pointer: &str, attributes: &Many<Attribute>) -> Result<(), ParseError> {
    check_list(|| pointer.to_owned(), attributes)?;
    attributes.places().try_for_each(|(index, attribute)| {
        check_list(|| format!("{pointer}/{index}/Tag"), &attribute.tags)?;
        check_list(
            || format!("{pointer}/{index}/ShadowAttribute"),
            &attribute.shadow_attributes,
        )
    })
}

fn check_list<T: Shape>(pointer: impl Fn() -> String, list: &Many<T>) -> Result<(), ParseError> {
    match list {
        Kept::Absent => Ok(()),
        Kept::Read(elements) => elements
            .iter()
            .enumerate()
            .try_for_each(|(index, element)| {
                check_element(|| format!("{}/{index}", pointer()), element)
            }),
        Kept::Raw(value) if is_nothing(value) => Ok(()),
        Kept::Raw(value) => Err(misplaced::<Vec<Kept<T>>>(pointer(), value)),
    }
}

fn check_element<T: Shape>(
    pointer: impl Fn() -> String,
    element: &Kept<T>,
) -> Result<(), ParseError> {
    match element {
        Kept::Raw(value) if !value.is_null() => Err(misplaced::<T>(pointer(), value)),
        _ => Ok(()),
    }
}

/// What PHP writes for an absent list.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn misplaced<T: Shape>(pointer: String, value: &Value) -> ParseError {
    ParseError::Misplaced {
        pointer,
        found: type_of(value),
        expected: T::NAME,
    }
}

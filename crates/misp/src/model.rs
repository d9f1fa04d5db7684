//! MISP's nouns with MISP's keys (<https://www.misp-standard.org/rfc/misp-standard-core.html>).
//!
//! Fields are named as in the format; lists have the plural. Keys that are not named here are kept in `more`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::kept::{Kept, Many, OBJECT, Shape, Text};

/// Declares structs of which every named place is [`Kept`], so that reading one from a JSON object cannot fail and
/// writing it gives the object back.
macro_rules! model {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $key:literal as $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        pub struct $name {
            $(
                $(#[$field_doc])*
                #[serde(rename = $key, default, skip_serializing_if = "Kept::is_absent")]
                pub $field: $type,
            )*
            /// Every other key, as it came.
            #[serde(flatten)]
            pub more: Map<String, Value>,
        }

        impl Shape for $name {
            const NAME: &'static str = OBJECT;
        }
    )*};
}

model! {
    /// An event: what one organisation knows about one incident, campaign or report.
    Event {
        /// The id on the instance that exported it.
        id: "id" as Text,
        /// The id everywhere.
        uuid: "uuid" as Text,
        /// The title.
        info: "info" as Text,
        /// The day of what it describes, YYYY-MM-DD.
        date: "date" as Text,
        /// Last change, Unix seconds.
        timestamp: "timestamp" as Text,
        /// Last publication, Unix seconds.
        publish_timestamp: "publish_timestamp" as Text,
        /// Whether it is published.
        published: "published" as Text,
        /// 0 initial, 1 ongoing, 2 complete.
        analysis: "analysis" as Text,
        /// 1 high, 2 medium, 3 low, 4 undefined.
        threat_level_id: "threat_level_id" as Text,
        /// 0 own organisation, 1 community, 2 connected, 3 all, 4 sharing group.
        distribution: "distribution" as Text,
        /// The sharing group of distribution 4.
        sharing_group_id: "sharing_group_id" as Text,
        /// The event that this one extends.
        extends_uuid: "extends_uuid" as Text,
        /// The organisation that holds it.
        org: "Org" as Kept<Org>,
        /// The organisation that created it.
        orgc: "Orgc" as Kept<Org>,
        /// The attributes outside objects.
        attributes: "Attribute" as Many<Attribute>,
        /// Proposed attributes.
        shadow_attributes: "ShadowAttribute" as Many<Attribute>,
        /// The objects.
        objects: "Object" as Many<Object>,
        /// The tags.
        tags: "Tag" as Many<Tag>,
        /// The galaxies, each with the clusters that are attached.
        galaxies: "Galaxy" as Many<Galaxy>,
        /// The reports.
        event_reports: "EventReport" as Many<EventReport>,
        /// The analysts' notes.
        notes: "Note" as Many<AnalystData>,
        /// The analysts' opinions.
        opinions: "Opinion" as Many<AnalystData>,
        /// The analysts' relationships.
        relationships: "Relationship" as Many<AnalystData>,
    }

    /// An attribute: one value with its type.
    Attribute {
        /// The id on the instance that exported it.
        id: "id" as Text,
        /// The event's id there.
        event_id: "event_id" as Text,
        /// The object's id there; 0 for none.
        object_id: "object_id" as Text,
        /// The id everywhere.
        uuid: "uuid" as Text,
        /// One of MISP's types, such as `ip-dst`.
        r#type: "type" as Text,
        /// One of MISP's 16 categories.
        category: "category" as Text,
        /// The value; a type `a|b` has `a|b` values.
        value: "value" as Text,
        /// A remark.
        comment: "comment" as Text,
        /// Whether it is meant for detection.
        to_ids: "to_ids" as Text,
        /// Last change, Unix seconds.
        timestamp: "timestamp" as Text,
        /// ISO 8601 with zone.
        first_seen: "first_seen" as Text,
        /// ISO 8601 with zone.
        last_seen: "last_seen" as Text,
        /// Whether it is deleted but still sent.
        deleted: "deleted" as Text,
        /// As an event's, or 5: as its event or object.
        distribution: "distribution" as Text,
        /// The sharing group of distribution 4.
        sharing_group_id: "sharing_group_id" as Text,
        /// Whether MISP leaves it out when it looks for the same value elsewhere.
        disable_correlation: "disable_correlation" as Text,
        /// Its role in its object.
        object_relation: "object_relation" as Text,
        /// An attached file, in Base64.
        data: "data" as Text,
        /// The tags.
        tags: "Tag" as Many<Tag>,
        /// The galaxies, each with the clusters that are attached.
        galaxies: "Galaxy" as Many<Galaxy>,
        /// Proposed changes.
        shadow_attributes: "ShadowAttribute" as Many<Attribute>,
        /// The sightings.
        sightings: "Sighting" as Many<Sighting>,
        /// The analysts' notes.
        notes: "Note" as Many<AnalystData>,
        /// The analysts' opinions.
        opinions: "Opinion" as Many<AnalystData>,
        /// The analysts' relationships.
        relationships: "Relationship" as Many<AnalystData>,
    }

    /// An object: attributes that belong together, after a template.
    Object {
        /// The id on the instance that exported it.
        id: "id" as Text,
        /// The id everywhere.
        uuid: "uuid" as Text,
        /// The template's name, such as `file`.
        name: "name" as Text,
        /// The template's group, such as `network`.
        meta_category: "meta-category" as Text,
        /// The template's description.
        description: "description" as Text,
        /// The template's id.
        template_uuid: "template_uuid" as Text,
        /// The template's version.
        template_version: "template_version" as Text,
        /// A remark.
        comment: "comment" as Text,
        /// Last change, Unix seconds.
        timestamp: "timestamp" as Text,
        /// ISO 8601 with zone.
        first_seen: "first_seen" as Text,
        /// ISO 8601 with zone.
        last_seen: "last_seen" as Text,
        /// Whether it is deleted but still sent.
        deleted: "deleted" as Text,
        /// As an event's, or 5: as its event.
        distribution: "distribution" as Text,
        /// The attributes.
        attributes: "Attribute" as Many<Attribute>,
        /// What it refers to.
        references: "ObjectReference" as Many<ObjectReference>,
        /// Tags. MISP itself tags only attributes and events; other tools tag objects.
        tags: "Tag" as Many<Tag>,
        /// The analysts' notes.
        notes: "Note" as Many<AnalystData>,
        /// The analysts' opinions.
        opinions: "Opinion" as Many<AnalystData>,
        /// The analysts' relationships.
        relationships: "Relationship" as Many<AnalystData>,
    }

    /// A reference from an object to an object or attribute.
    ObjectReference {
        /// The id everywhere.
        uuid: "uuid" as Text,
        /// The object that refers.
        object_uuid: "object_uuid" as Text,
        /// What it refers to.
        referenced_uuid: "referenced_uuid" as Text,
        /// How, such as `communicates-with`.
        relationship_type: "relationship_type" as Text,
        /// A remark.
        comment: "comment" as Text,
        /// Whether it is deleted but still sent.
        deleted: "deleted" as Text,
    }

    /// A tag, often a machine tag `namespace:predicate="value"`.
    Tag {
        /// The tag.
        name: "name" as Text,
        /// Its colour, `#rrggbb`.
        colour: "colour" as Text,
        /// Whether it may leave the instance.
        exportable: "exportable" as Text,
        /// Whether it was set on this instance only.
        local: "local" as Text,
        /// How the tag relates to what carries it.
        relationship_type: "relationship_type" as Text,
    }

    /// A galaxy: a vocabulary of clusters, such as `threat-actor`.
    Galaxy {
        /// The id everywhere.
        uuid: "uuid" as Text,
        /// Its name for people.
        name: "name" as Text,
        /// Its name in tags.
        r#type: "type" as Text,
        /// The attached clusters.
        clusters: "GalaxyCluster" as Many<GalaxyCluster>,
    }

    /// One entry of a galaxy, such as one threat actor.
    GalaxyCluster {
        /// The id everywhere; may be "".
        uuid: "uuid" as Text,
        /// Its galaxy's name in tags.
        r#type: "type" as Text,
        /// Its name.
        value: "value" as Text,
        /// The tag that attaches it.
        tag_name: "tag_name" as Text,
        /// What it is.
        description: "description" as Text,
    }

    /// An organisation.
    Org {
        /// The id on the instance that exported it.
        id: "id" as Text,
        /// The id everywhere.
        uuid: "uuid" as Text,
        /// Its name.
        name: "name" as Text,
    }

    /// That somebody saw an attribute, or found it wrong or expired.
    Sighting {
        /// The id everywhere.
        uuid: "uuid" as Text,
        /// 0 seen, 1 false positive, 2 expiration.
        r#type: "type" as Text,
        /// When, Unix seconds.
        date_sighting: "date_sighting" as Text,
        /// By what.
        source: "source" as Text,
        /// By whom.
        organisation: "Organisation" as Kept<Org>,
    }

    /// A report in Markdown.
    EventReport {
        /// The id everywhere.
        uuid: "uuid" as Text,
        /// The title.
        name: "name" as Text,
        /// The Markdown.
        content: "content" as Text,
        /// Last change, Unix seconds.
        timestamp: "timestamp" as Text,
        /// Whether it is deleted but still sent.
        deleted: "deleted" as Text,
        /// The analysts' notes.
        notes: "Note" as Many<AnalystData>,
        /// The analysts' opinions.
        opinions: "Opinion" as Many<AnalystData>,
        /// The analysts' relationships.
        relationships: "Relationship" as Many<AnalystData>,
    }

    /// A note, an opinion or a relationship of an analyst: which of them is the key that it stands under.
    AnalystData {
        /// The id everywhere.
        uuid: "uuid" as Text,
        /// Who wrote it.
        authors: "authors" as Text,
        /// A note's text.
        note: "note" as Text,
        /// An opinion, from 0 to 100.
        opinion: "opinion" as Text,
        /// An opinion's reason.
        comment: "comment" as Text,
        /// A relationship's kind.
        relationship_type: "relationship_type" as Text,
        /// What a relationship leads to.
        related_object_uuid: "related_object_uuid" as Text,
    }
}

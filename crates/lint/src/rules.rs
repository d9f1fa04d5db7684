//! The rules, one file each: data, and one function. The order is that of reports and of the manual.

mod action_against_pap;
mod audience;
mod author_missing;
mod bare_indicator;
mod category_type;
mod commercial_use;
mod confidence;
mod conflicting_marks;
mod control_point;
mod defanged_value;
mod direction;
mod direction_by_type;
mod documentation_value;
mod duplicate_value;
mod event_date;
mod expected_action;
mod indicator_stale;
mod no_indicators;
mod object_against_template;
mod object_relation;
mod object_template;
mod object_template_version;
mod object_unlinked;
mod pap;
mod partly_marked;
mod period_end;
mod period_in_future;
mod period_over;
mod period_reversed;
mod period_start;
mod period_unreadable;
mod private_address;
mod reference_dangling;
mod reference_kind;
mod retention_only;
mod sharing_against_tlp;
mod sources;
mod tag_held_back;
mod tag_vocabulary;
mod threat_context;
mod threat_links;
mod title_leak;
mod title_missing;
mod tlp;
mod tlp_only_in_iep;
mod tlp_renamed;
mod tlp_stricter_inside;
mod type_unknown;
mod unpublished;
mod useless_to_ids;
mod uuid;
mod value_form;
mod warning_list;
mod well_known_service;
mod white_space;

use crate::rule::Rule;

/// Every rule.
pub static RULES: &[Rule] = &[
    threat_context::RULE,
    threat_links::RULE,
    confidence::RULE,
    sources::RULE,
    period_start::RULE,
    period_end::RULE,
    expected_action::RULE,
    direction::RULE,
    control_point::RULE,
    audience::RULE,
    tlp::RULE,
    pap::RULE,
    commercial_use::RULE,
    conflicting_marks::RULE,
    partly_marked::RULE,
    tlp_stricter_inside::RULE,
    tlp_renamed::RULE,
    tlp_only_in_iep::RULE,
    sharing_against_tlp::RULE,
    action_against_pap::RULE,
    tag_vocabulary::RULE,
    tag_held_back::RULE,
    period_reversed::RULE,
    period_unreadable::RULE,
    period_over::RULE,
    indicator_stale::RULE,
    period_in_future::RULE,
    retention_only::RULE,
    direction_by_type::RULE,
    private_address::RULE,
    documentation_value::RULE,
    well_known_service::RULE,
    warning_list::RULE,
    defanged_value::RULE,
    white_space::RULE,
    value_form::RULE,
    useless_to_ids::RULE,
    type_unknown::RULE,
    category_type::RULE,
    duplicate_value::RULE,
    no_indicators::RULE,
    bare_indicator::RULE,
    object_template::RULE,
    object_against_template::RULE,
    object_template_version::RULE,
    object_relation::RULE,
    object_unlinked::RULE,
    reference_dangling::RULE,
    reference_kind::RULE,
    title_leak::RULE,
    title_missing::RULE,
    author_missing::RULE,
    event_date::RULE,
    uuid::RULE,
    unpublished::RULE,
];

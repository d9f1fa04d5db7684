//! MISP's attribute types: which categories each may have, and what of it a device can be given.

use std::collections::HashMap;
use std::sync::LazyLock;

use ayumi_misp::{Category, Word};

static TYPES: LazyLock<HashMap<&str, Vec<Category>>> = LazyLock::new(|| {
    let lines = include_str!("../data/types.tsv").lines();
    let rows = lines.filter_map(|line| line.split_once('\t'));
    let numbers = |list: &str| {
        list.split(',')
            .filter_map(|number| Category::from_index(number.parse().ok()?))
            .collect()
    };
    rows.map(|(kind, categories)| (kind, numbers(categories)))
        .collect()
});

/// The categories that attributes of this type may have; `None` if MISP has no such type.
pub(crate) fn categories(kind: &str) -> Option<&'static [Category]> {
    TYPES.get(kind).map(Vec::as_slice)
}

/// The types of the parts of a value: `filename|md5` has two.
pub(crate) fn parts<'a>(
    kind: &'a str,
    value: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let kinds = match kind {
        "malware-sample" => "filename|md5",
        other => other,
    };
    let count = kinds.split('|').count();
    kinds.split('|').zip(value.splitn(count, '|'))
}

/// Whether traffic has a direction towards or from what this type names.
pub(crate) fn is_network(kind: &str) -> bool {
    kind.split('|').any(|part| {
        matches!(
            part,
            "ip-src"
                | "ip-dst"
                | "ip"
                | "domain"
                | "hostname"
                | "url"
                | "uri"
                | "onion-address"
                | "email"
                | "email-src"
                | "email-dst"
                | "email-reply-to"
                | "AS"
        )
    })
}

/// Whether the type names a host, an address or a URL, which people defang.
pub(crate) fn is_defangable(part: &str) -> bool {
    is_network(part) && part != "AS" || part == "ip"
}

use crate::finding::Findings;
use crate::rule::{Check, Reader, Rule, Severity};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "useless-to-ids",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "is marked for detection, and no device can look for it",
    why: "exports carry it into devices, which refuse it or alert on prose",
    fix: "clear to_ids",
    check: Check::Exactness(find),
};

/// Types that describe, and do not occur in traffic, on hosts or in mail.
const DESCRIPTIONS: [&str; 58] = [
    "anonymised",
    "attachment",
    "boolean",
    "campaign-id",
    "campaign-name",
    "comment",
    "cortex",
    "counter",
    "country-of-residence",
    "cpe",
    "date-of-birth",
    "datetime",
    "first-name",
    "float",
    "frequent-flyer-number",
    "full-name",
    "gender",
    "gene",
    "identity-card-number",
    "integer",
    "issue-date-of-the-visa",
    "last-name",
    "link",
    "malware-type",
    "middle-name",
    "nationality",
    "other",
    "passenger-name-record-locator-number",
    "passport-country",
    "passport-expiration",
    "passport-number",
    "payment-details",
    "place-of-birth",
    "place-port-of-clearance",
    "place-port-of-onward-foreign-destination",
    "place-port-of-original-embarkation",
    "primary-residence",
    "process-state",
    "redress-number",
    "size-in-bytes",
    "special-service-request",
    "target-email",
    "target-external",
    "target-location",
    "target-machine",
    "target-org",
    "target-user",
    "text",
    "threat-actor",
    "travel-details",
    "uuid",
    "visa-number",
    "vulnerability",
    "weakness",
    "whois-creation-date",
    "whois-registrar",
    "http-method",
    "mime-type",
];

fn find(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for item in subject.indicators() {
        if DESCRIPTIONS.contains(&&*item.kind) {
            findings.add_member(
                item,
                "to_ids",
                &item.value,
                format!("is a {}, which no device can look for", item.kind),
            );
        }
    }
}

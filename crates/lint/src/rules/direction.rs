use crate::facts::Fact;
use crate::rule::{Check, Reader, Rule, Severity, Share};
use crate::subject::Subject;

pub(super) const RULE: Rule = Rule {
    id: "direction",
    severity: Severity::Warning,
    reader: Reader::Operator,
    finds: "does not say in which direction the traffic goes",
    why: "a domain that victims call is blocked at the proxy, an address that attacks at the firewall; the wrong one does nothing, or harm",
    fix: "tag it ayumi:direction=\"outbound\" or \"inbound\", or use ip-dst and ip-src",
    check: Check::Share {
        points: 5,
        of: share,
    },
};

fn share(subject: &Subject<'_>) -> Share {
    subject.share_of_network(Fact::Direction)
}

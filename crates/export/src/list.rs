//! A plain list: one value a line, each once, in the order of the documents. A port does not fit on such a line, so the
//! address or name stands alone; of a file with its digest both are there.

use crate::observable::Observable;
use crate::report::{Reason, Report, placed};
use crate::select::Selected;

pub(crate) fn write(selected: &[Selected<'_>], report: &mut Report) -> String {
    let lines = report.lines(selected, |one| placed(one.observables()?, line));
    lines.into_iter().map(|line| line + "\n").collect()
}

fn line(observable: &Observable) -> Result<Vec<String>, Reason> {
    let text = match observable {
        Observable::Address(network) if network.prefix_len() == network.max_prefix_len() => {
            network.addr().to_string()
        }
        Observable::Address(network) => network.to_string(),
        Observable::Url(link) => link.text.clone(),
        Observable::Domain(text)
        | Observable::Host(text)
        | Observable::Mail(_, text)
        | Observable::Subject(text)
        | Observable::Digest(_, text)
        | Observable::Certificate(_, text)
        | Observable::FileName(text)
        | Observable::UserAgent(text)
        | Observable::Mutex(text)
        | Observable::RegistryKey(text) => text.clone(),
        Observable::Port(_) | Observable::RegistryData(_) | Observable::Rule(..) => {
            return Err(Reason::NoPlace);
        }
    };
    // To some readers a line ends at these as well.
    let ends_line = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    // A line that starts so is a remark to whoever reads lists.
    let is_remark = text.starts_with(['#', ';', '!']);
    if is_remark || text.chars().any(ends_line) {
        return Err(Reason::Malformed);
    }
    Ok(vec![text])
}

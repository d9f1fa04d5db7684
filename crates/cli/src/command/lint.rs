use std::path::PathBuf;

use serde_json::json;

use crate::args::ContextArgs;
use crate::error::Result;
use crate::flow::Offer;
use crate::listing;
use crate::output::Answer;
use crate::text::{clean, pairs};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// MISP JSON document: one event or one object
    file: PathBuf,
    #[command(flatten)]
    context: ContextArgs,
}

impl Args {
    pub(crate) fn run(self) -> Result<Answer> {
        let mut offer = Offer::read(&self.file)?;
        self.context.apply(&mut offer);
        let missing = offer.context.missing();
        let leaks = [&offer.context.title, &offer.description]
            .map(|text| offer.document.leaks(text))
            .concat();
        let notes = offer
            .notes
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>();
        let document = json!({
            "file": self.file,
            "title": offer.context.title,
            "titleCut": offer.context.title_cut,
            "uuid": offer.context.uuid,
            "context": listing::json(&offer.context),
            "missing": listing::missing_json(&offer.context),
            "leaks": leaks,
            "notes": notes,
        });
        let mut lines = vec![pairs(
            [("title", offer.context.title.clone())]
                .into_iter()
                .chain(listing::lines(&offer.context)),
        )];
        lines.extend(missing.iter().map(|need| {
            format!(
                "missing: {need}: {}\n  state it with {}",
                need.meaning(),
                need.stated_by()
            )
        }));
        lines.extend(leaks.iter().map(|leak| {
            clean(&format!(
                "leak: {:?} (at {}) is in the title or description",
                leak.value, leak.pointer
            ))
        }));
        lines.extend(notes.iter().map(|note| clean(&format!("note: {note}"))));
        Ok(Answer::new(&document, lines.join("\n"))
            .negative_if(!missing.is_empty() || !leaks.is_empty()))
    }
}

mod fixing;
mod show;
mod tell;

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ayumi_lint::source::{Arrival, Folder, OneFile, Part, Source};
use ayumi_lint::{Settings, SourceError, Suggester, Templates, WarningLists};
use ayumi_misp::{Context, Level};

use super::misp::origin::{self, Origin};
use crate::args::{ContextArgs, MispArgs};
use crate::error::{Error, InputError, Result};
use crate::flow::Offer;
use crate::output::Answer;
use show::Printer;
use tell::Told;

/// Findings of a rule in a document that are told, unless all are asked for.
const FINDINGS_TOLD: u64 = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// MISP JSON: an event, an object, a list of events, or a folder of such files; or the URL of a MISP server, of one of
    /// its events, or of a feed's manifest.json
    #[arg(value_name = "PATH|URL", required_unless_present = "rules")]
    path: Option<PathBuf>,
    /// End with 1 where a document scores less, instead of where it does not state all that it should
    #[arg(long, value_name = "SCORE", value_parser = clap::value_parser!(u64).range(0..=100))]
    min_score: Option<u64>,
    /// Tell every finding, not only the first of each rule
    #[arg(long)]
    all: bool,
    /// Print SARIF 2.1.0, for CI
    #[arg(long, conflicts_with_all = ["json", "fix"])]
    sarif: bool,
    #[command(flatten)]
    fixing: fixing::FixArgs,
    /// Propose tags that the text speaks of; they are never set
    #[arg(long, conflicts_with_all = ["fix", "sarif"])]
    suggest: bool,
    /// Names to look for: MISP galaxy clusters, a file or folder
    #[arg(long, value_name = "PATH", requires = "suggest")]
    galaxies: Option<PathBuf>,
    /// MISP warning list, a file or folder
    #[arg(long, value_name = "PATH")]
    warning_list: Vec<PathBuf>,
    /// MISP object templates, a file or folder
    #[arg(long, value_name = "PATH")]
    object_templates: Option<PathBuf>,
    /// Days after which an indicator without an end is old
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    stale_days: u32,
    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    context: ContextArgs,
    /// Where the MISP server of a URL is entered.
    #[command(flatten)]
    misp: MispArgs,
}

#[derive(Debug, clap::Args)]
struct RulesArgs {
    /// List the rules
    #[arg(long, conflicts_with_all = ["path", "fix", "suggest", "sarif"])]
    rules: bool,
    /// With --rules: as the page of the documentation
    #[arg(long, requires = "rules")]
    markdown: bool,
}

impl Args {
    pub(crate) async fn run(self, as_json: bool) -> Result<Answer> {
        let Some(path) = self.path.clone() else {
            return Ok(show::rules(self.rules.markdown));
        };
        if self.fixing.fix {
            if origin::is_url(&path) {
                let what = "--fix writes files; get them first, with `ayumi misp pull`";
                return Err(InputError::Usage(what.into()).into());
            }
            let settings = self.settings(u64::MAX)?;
            return fixing::run(&*source(&path)?, &settings, &self.fixing.target());
        }
        let limit = if self.all { u64::MAX } else { FINDINGS_TOLD };
        let (settings, suggester) = (self.settings(limit)?, self.suggester()?);
        let mut documents = Documents::at(&path, &self.misp).await?;
        let mut printer = Printer::new(self.form(as_json), documents.are_many(), self.all);
        let mut tally = Tally::default();
        let mut failure = None;
        let mut take = |arrival: Arrival<'_>| {
            let step = self.look(
                arrival,
                &settings,
                suggester.as_ref(),
                &mut printer,
                &mut tally,
            );
            step.unwrap_or_else(|error| {
                failure = Some(error);
                ControlFlow::Break(())
            })
        };
        let read = documents.each(&mut take).await;
        let ended = match (failure, read) {
            (Some(error), _) => Err(error),
            (None, Ok(())) => printer.end(&tally).map_err(Error::Output),
            (None, Err(error)) => {
                // What came before it is a whole document all the same.
                if tally.documents > 0 {
                    tally.failed += 1;
                    printer.stopped(&path, &error);
                    let _ = printer.end(&tally);
                }
                Err(error)
            }
        };
        match ended {
            Err(Error::Output(cause)) if cause.kind() == std::io::ErrorKind::BrokenPipe => {}
            ended => ended?,
        }
        tally.answer(self.min_score)
    }

    fn form(&self, as_json: bool) -> show::Form {
        match (self.sarif, as_json) {
            (true, _) => show::Form::Sarif,
            (false, true) => show::Form::Json,
            (false, false) => show::Form::Text,
        }
    }

    fn settings(&self, limit: u64) -> Result<Settings> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut settings = Settings::new(now.map_or(0, |since| since.as_secs()));
        (settings.limit, settings.stale_days) = (limit, self.stale_days);
        for path in &self.warning_list {
            settings
                .warning_lists
                .extend(WarningLists::read(path).map_err(InputError::Data)?);
        }
        if let Some(path) = &self.object_templates {
            settings.templates = Templates::read(path).map_err(InputError::Data)?;
        }
        Ok(settings)
    }

    fn suggester(&self) -> Result<Option<Suggester>> {
        if !self.suggest {
            return Ok(None);
        }
        let suggester = Suggester::new(self.galaxies.as_deref());
        Ok(Some(suggester.map_err(InputError::Data)?))
    }

    fn look(
        &self,
        arrival: Arrival<'_>,
        settings: &Settings,
        suggester: Option<&Suggester>,
        printer: &mut Printer,
        tally: &mut Tally,
    ) -> Result<ControlFlow<()>> {
        let is_alone = printer.decide(&arrival);
        let part = match arrival.read {
            Ok(part) => part,
            Err(cause) if is_alone => return Err(error(arrival.path, &arrival.prefix, cause)),
            Err(cause) => {
                printer
                    .fail(arrival.path, &arrival.prefix, &cause)
                    .map_err(Error::Output)?;
                tally.fail(&cause);
                return Ok(ControlFlow::Continue(()));
            }
        };
        let told = self.told(
            &part,
            settings,
            suggester,
            arrival.path,
            arrival.prefix,
            is_alone,
        )?;
        tally.count(&told);
        printer.document(&told).map_err(Error::Output)?;
        Ok(ControlFlow::Continue(()))
    }

    fn told<'a>(
        &self,
        part: &Part<'_>,
        settings: &Settings,
        suggester: Option<&Suggester>,
        path: &'a Path,
        prefix: String,
        is_alone: bool,
    ) -> Result<Told<'a>> {
        let (context, notes) = Context::read(&part.document);
        let mut report = ayumi_lint::lint(&part.document, &context, &notes, settings);
        report.locate(part.bytes, &prefix, part.origin);
        let suggestions = suggester.map(|suggester| suggester.suggest(&part.document));
        if !self.context.is_given() {
            let leaks = match report.counts.get("title-leak") {
                Some(_) => part.document.leaks(&context.title),
                None => Vec::new(),
            };
            return Ok(Told::new(
                path,
                prefix,
                context,
                &notes,
                leaks,
                report,
                suggestions,
            ));
        }
        if !is_alone {
            let what = "--title and the other options that state context are for one document";
            return Err(InputError::Usage(what.into()).into());
        }
        let document = |cause| InputError::Document {
            path: path.to_owned(),
            cause,
        };
        let mut offer = Offer::new(part.bytes.to_vec()).map_err(document)?;
        self.context.apply(&mut offer);
        let leaks =
            [&offer.context.title, &offer.description].map(|text| offer.document.leaks(text));
        Ok(Told::new(
            path,
            prefix,
            offer.context,
            &notes,
            leaks.concat(),
            report,
            suggestions,
        ))
    }
}

/// Where the documents come from.
enum Documents {
    Files {
        source: Box<dyn Source>,
        are_many: bool,
    },
    Misp {
        origin: Box<Origin>,
        are_many: bool,
    },
}

impl Documents {
    async fn at(path: &Path, misp: &MispArgs) -> Result<Self> {
        if !origin::is_url(path) {
            return Ok(Self::Files {
                source: source(path)?,
                are_many: path.is_dir(),
            });
        }
        let url = path.to_string_lossy();
        Ok(Self::Misp {
            origin: Box::new(Origin::at(&url, misp).await?),
            are_many: origin::event_page(&url).1.is_none(),
        })
    }

    fn are_many(&self) -> bool {
        match self {
            Self::Files { are_many, .. } | Self::Misp { are_many, .. } => *are_many,
        }
    }

    async fn each(&mut self, take: &mut dyn FnMut(Arrival<'_>) -> ControlFlow<()>) -> Result<()> {
        let (origin, are_many) = match self {
            Self::Files { source, .. } => {
                let _ = source.each(take);
                return Ok(());
            }
            Self::Misp { origin, are_many } => (origin, *are_many),
        };
        while let Some(entry) = origin.next().await? {
            let bytes = match origin.event(entry.uuid).await {
                Ok(bytes) => Ok(bytes),
                Err(error) if are_many && origin::is_of_one_event(&error) => Err(error),
                Err(error) => return Err(error.into()),
            };
            let read = match &bytes {
                Ok(bytes) => Part::whole(bytes).map_err(SourceError::Document),
                Err(error) => Err(SourceError::Io(io::Error::other(error.to_string()))),
            };
            let arrival = Arrival {
                path: &origin.place(entry.uuid),
                prefix: String::new(),
                read,
            };
            if take(arrival).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn source(path: &Path) -> Result<Box<dyn Source>> {
    let metadata = std::fs::metadata(path).map_err(|cause| InputError::File {
        path: path.to_owned(),
        cause,
    })?;
    Ok(if metadata.is_dir() {
        Box::new(Folder(path.to_owned()))
    } else {
        Box::new(OneFile(path.to_owned()))
    })
}

fn error(path: &Path, pointer: &str, cause: SourceError) -> Error {
    let path = path.to_owned();
    let error = match cause {
        SourceError::Io(cause) => InputError::File { path, cause },
        SourceError::Document(cause) => InputError::Document { path, cause },
        cause => InputError::Listed {
            path,
            pointer: pointer.to_owned(),
            cause,
        },
    };
    error.into()
}

/// What all the documents come to.
#[derive(Debug, Default)]
struct Tally {
    documents: u64,
    /// Of each level.
    levels: [u64; 3],
    scores: u64,
    lowest: Option<u64>,
    /// Documents whose title gives an indicator away.
    leaking: u64,
    /// Documents that do not state all that a product should.
    incomplete: u64,
    /// Files that are no MISP event with content.
    skipped: u64,
    /// Files that could not be read.
    failed: u64,
}

impl Tally {
    fn count(&mut self, told: &Told<'_>) {
        self.documents += 1;
        self.levels[level_index(told.report.level)] += 1;
        self.scores += told.report.score;
        self.lowest = Some(self.lowest.unwrap_or(100).min(told.report.score));
        self.leaking += u64::from(!told.leaks.is_empty());
        self.incomplete += u64::from(!told.context.missing().is_empty());
    }

    fn fail(&mut self, cause: &SourceError) {
        if cause.is_other() {
            self.skipped += 1;
        } else {
            self.failed += 1;
        }
    }

    /// The exit status, by one rule: see `docs/lint.md`.
    fn answer(&self, min_score: Option<u64>) -> Result<Answer> {
        if self.failed > 0 || self.documents == 0 {
            return Err(InputError::Unread {
                failed: self.failed,
                read: self.documents,
            }
            .into());
        }
        let is_below = match min_score {
            Some(least) => self.lowest.is_some_and(|lowest| lowest < least),
            None => self.incomplete > 0,
        };
        Ok(Answer::printed().negative_if(is_below || self.leaking > 0))
    }
}

fn level_index(level: Level) -> usize {
    match level {
        Level::Ioc => 0,
        Level::Information => 1,
        Level::Intelligence => 2,
    }
}

mod counters;
mod index;
mod source;
mod tables;

use ayumi_audit::{Ask, By, Day, Query};
use ayumi_contracts::ProductId;
use ayumi_export::rows_as_csv;
use reqwest::Url;
use serde_json::Value;

use crate::args::Moment;
use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use index::IndexArgs;
use source::Source;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Audit,
}

#[derive(Debug, clap::Subcommand)]
enum Audit {
    /// Show what every account did, as the contracts count it; or any part of it, out of the events
    Activity(Box<Asked>),
    /// Show the editions of products, what was done with them, and how far that is from what was expected
    Products(Box<Asked>),
    /// Show how well organisations deliver, use and answer
    Organisations(Box<Asked>),
    /// Show the actions that were expected beside those that were taken
    Gap(Box<Asked>),
    /// Show where the money went, within and between organisations, and which trades need a look
    Money(Box<Asked>),
    /// Show what was done by day, week or month
    Timeline(Box<Asked>),
    /// Show all figures at once
    Overview(Box<Asked>),
    /// List tasks with their steps and transactions
    Tasks(Box<Asked>),
    /// List events as they are on the chain
    Events(Box<Asked>),
    /// Count everything again, and compare it with the contracts, an index, or another auditor
    Verify(source::VerifyArgs),
    /// Read the chain into an index, from which every figure comes without a node
    Sync(source::SyncArgs),
}

/// Which part is asked for, and where.
#[derive(Debug, clap::Args)]
struct Asked {
    /// First day, in UTC
    #[arg(long, value_name = "DATE", value_parser = day)]
    since: Option<Day>,
    /// Last day, in UTC
    #[arg(long, value_name = "DATE", value_parser = day)]
    until: Option<Day>,
    /// What rows are told by
    #[arg(long, value_parser = by())]
    by: Option<By>,
    /// Name or number of an organisation
    #[arg(long, value_name = "NAME|NUMBER")]
    organisation: Option<String>,
    /// Label of a team
    #[arg(long, value_name = "LABEL")]
    team: Option<String>,
    /// Address of an account that published, or did anything else
    #[arg(long, value_name = "ADDRESS", value_parser = crate::args::address)]
    producer: Option<alloy::primitives::Address>,
    /// One product
    #[arg(long, value_name = "PRODUCT")]
    product: Option<ProductId>,
    /// The most rows
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Print comma-separated values
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    place: Place,
}

/// Where answers come from: an index, which no node is needed for; an auditor; the node, where nothing else is said.
#[derive(Debug, clap::Args)]
struct Place {
    #[command(flatten)]
    index: IndexArgs,
    /// Auditor to ask
    #[arg(
        long,
        value_name = "URL",
        env = "AYUMI_AUDITOR",
        hide_env_values = true
    )]
    from: Option<Url>,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        match self.command {
            Audit::Activity(asked) if asked.is_plain() => {
                counters::answer(cx.reader().await?.chain()).await
            }
            Audit::Activity(asked) => asked.run(cx, Ask::Activity).await,
            Audit::Products(asked) => asked.run(cx, Ask::Products).await,
            Audit::Organisations(asked) => asked.run(cx, Ask::Organisations).await,
            Audit::Gap(asked) => asked.run(cx, Ask::Gap).await,
            Audit::Money(asked) => asked.run(cx, Ask::Money).await,
            Audit::Timeline(asked) => asked.run(cx, Ask::Timeline).await,
            Audit::Overview(asked) => asked.run(cx, Ask::Overview).await,
            Audit::Tasks(asked) => asked.run(cx, Ask::Tasks).await,
            Audit::Events(asked) => asked.run(cx, Ask::Events).await,
            Audit::Verify(args) => args.run(cx).await,
            Audit::Sync(args) => args.run(cx).await,
        }
    }
}

impl Asked {
    /// Whether the contracts' own counters are the answer.
    fn is_plain(&self) -> bool {
        let is_anywhere = !self.place.index.is_given() && self.place.from.is_none();
        is_anywhere && !self.csv && self.query() == Query::default()
    }

    fn query(&self) -> Query {
        Query {
            since: self.since,
            until: self.until,
            by: self.by,
            organisation: self.organisation.clone(),
            team: self.team.clone(),
            account: self.producer.map(|address| address.to_string()),
            product: self.product,
            limit: self.limit,
            after: None,
        }
    }

    async fn run(self, cx: &Cx, ask: Ask) -> Result<Answer> {
        let query = self.query();
        let source = Source::of(cx, self.place).await?;
        let answer = source.ask(ask, &query).await?;
        let is_empty = match &answer {
            Value::Array(rows) => rows.is_empty(),
            _ => false,
        };
        let text = if self.csv {
            rows_as_csv(&answer).trim_end_matches('\n').to_owned()
        } else {
            tables::text(ask, &answer)
        };
        let printed = Answer::new(&answer, text);
        Ok(if is_empty {
            printed
                .negative_if(true)
                .remarking("there is nothing of what was asked for")
        } else {
            printed
        })
    }
}

fn day(text: &str) -> Result<Day, String> {
    let moment = text.parse::<Moment>()?;
    Ok(Day(
        i64::try_from(moment.start() / 86_400).unwrap_or(i64::MAX)
    ))
}

fn by() -> impl clap::builder::TypedValueParser<Value = By> {
    use clap::builder::TypedValueParser;
    let names = By::ALL.map(By::name);
    clap::builder::PossibleValuesParser::new(names)
        .map(|name| By::from_name(&name).unwrap_or(By::Account))
}

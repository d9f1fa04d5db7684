use std::collections::BTreeMap;

use alloy::primitives::U256;
use ayumi_contracts::ProductId;
use ayumi_misp::{Action, Audience, CommercialUse, ControlPoint, Direction, Level, Tlp};
use serde_json::{Value, json};

use crate::args::{Price, words};
use crate::cx::Cx;
use crate::error::Result;
use crate::listing::{self, stated};
use crate::output::Answer;
use crate::read::{Catalogue, Product, Tasks, Tickets, Which};
use crate::session::Session;
use crate::text::{ether, table, time};

#[derive(Debug, Default, clap::Args)]
#[allow(clippy::struct_excessive_bools)] // each is a flag of its own
pub(crate) struct Args {
    /// Words that title, description or producer have
    text: Vec<String>,
    /// With this TLP mark
    #[arg(long, value_delimiter = ',', value_parser = words::<Tlp>())]
    tlp: Vec<Tlp>,
    /// Of this level
    #[arg(long, value_delimiter = ',', value_parser = words::<Level>())]
    level: Vec<Level>,
    /// For these readers
    #[arg(long, value_delimiter = ',', value_parser = words::<Audience>())]
    audience: Vec<Audience>,
    /// About traffic in this direction
    #[arg(long, value_delimiter = ',', value_parser = words::<Direction>())]
    direction: Vec<Direction>,
    /// To be put to use here
    #[arg(long, value_delimiter = ',', value_parser = words::<ControlPoint>())]
    control_point: Vec<ControlPoint>,
    /// With one of these expected actions
    #[arg(long, value_name = "ACTION", value_delimiter = ',', value_parser = words::<Action>())]
    expect: Vec<Action>,
    /// With this word on commercial use
    #[arg(long, value_parser = words::<CommercialUse>())]
    commercial_use: Option<CommercialUse>,
    /// Of this producer: an address, an account's number, or a part of the organisation's name
    #[arg(long, value_name = "PRODUCER")]
    producer: Option<String>,
    /// For at most this price in ether
    #[arg(long, value_name = "ETHER")]
    max_price: Option<Price>,
    /// Valid now, as far as the listing says
    #[arg(long)]
    valid: bool,
    /// On sale, with tickets left
    #[arg(long)]
    on_sale: bool,
    /// Stating all that a product should
    #[arg(long)]
    complete: bool,
    /// Of which the account has a ticket or a task
    #[arg(long)]
    mine: bool,
}

/// What the account has of the products.
struct Mine {
    tickets: BTreeMap<ProductId, U256>,
    tasks: BTreeMap<ProductId, u64>,
}

impl Mine {
    async fn read(session: &Session) -> Result<Self> {
        let account = session.account()?;
        let tickets = Tickets::read(session.chain(), account).await?.0;
        let mut tasks = BTreeMap::new();
        for task in Tasks::read(session.chain(), &Which::Of(account))
            .await?
            .tasks
            .values()
        {
            *tasks.entry(task.product).or_default() += 1;
        }
        Ok(Self { tickets, tasks })
    }

    fn has(&self, product: ProductId) -> bool {
        self.tickets.contains_key(&product) || self.tasks.contains_key(&product)
    }

    fn row(&self, catalogue: &Catalogue, product: &Product) -> Value {
        let mut row = row(catalogue, product);
        let tickets = self.tickets.get(&product.id).copied().unwrap_or_default();
        row["tickets"] = json!(tickets.to_string());
        row["tasks"] = json!(self.tasks.get(&product.id).copied().unwrap_or(0));
        let newest = catalogue.newest(product.id);
        row["newest"] = json!(newest.map(|newest| newest.id.to_string()));
        row
    }
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        if self.mine {
            return self.run_for_mine(cx).await;
        }
        let reader = cx.reader().await?;
        let catalogue = Catalogue::read(reader.chain()).await?;
        let found = catalogue
            .products
            .values()
            .filter(|product| self.finds(&catalogue, product))
            .collect::<Vec<_>>();
        let text = || table_of(&catalogue, &found);
        Ok(Answer::list(
            &rows(&catalogue, &found),
            text,
            "no products match",
        ))
    }

    async fn run_for_mine(self, cx: &Cx) -> Result<Answer> {
        let session = cx.session().await?;
        let mine = Mine::read(&session).await?;
        let catalogue = Catalogue::read(session.chain()).await?;
        let found = catalogue
            .products
            .values()
            .filter(|product| mine.has(product.id) && self.finds(&catalogue, product));
        let rows = found
            .map(|product| mine.row(&catalogue, product))
            .collect::<Vec<_>>();
        Ok(Answer::list(
            &rows,
            || mine_table(&rows),
            "no products match",
        ))
    }

    fn finds(&self, catalogue: &Catalogue, product: &Product) -> bool {
        let (context, now) = (&product.context, catalogue.head.timestamp);
        self.finds_text(catalogue, product)
            && (self.tlp.is_empty() || self.tlp.contains(&context.tlp))
            && (self.level.is_empty() || self.level.contains(&context.level))
            && any(&self.audience, |word| context.audience.contains(word))
            && any(&self.direction, |word| context.directions.contains(word))
            && any(&self.control_point, |word| {
                context.control_points.contains(word)
            })
            && any(&self.expect, |word| context.expected_actions.contains(word))
            && self
                .commercial_use
                .is_none_or(|word| word == context.commercial_use)
            && self
                .producer
                .as_ref()
                .is_none_or(|wanted| is_of(catalogue, product, wanted))
            && self.max_price.is_none_or(|most| product.price() <= most.0)
            && (!self.valid || product.is_valid(now))
            && (!self.on_sale || product.is_on_sale(now))
            && (!self.complete || context.missing().is_empty())
    }

    fn finds_text(&self, catalogue: &Catalogue, product: &Product) -> bool {
        let organisation = catalogue.members.organisation_of(product.producer);
        let listing = &product.listing;
        let text =
            format!("{}\n{}\n{organisation}", listing.title, listing.description).to_lowercase();
        let words = self.text.iter().flat_map(|words| words.split_whitespace());
        words
            .into_iter()
            .all(|word| text.contains(&word.to_lowercase()))
    }
}

fn any<W: Copy>(wanted: &[W], is_stated: impl Fn(W) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(|word| is_stated(*word))
}

fn is_of(catalogue: &Catalogue, product: &Product, wanted: &str) -> bool {
    let name = catalogue
        .members
        .organisation_of(product.producer)
        .to_lowercase();
    wanted.parse() == Ok(product.producer)
        || wanted.parse() == Ok(product.id.producer)
        || wanted.parse::<u32>().is_err() && name.contains(&wanted.to_lowercase())
}

/// What the account has, for people.
fn mine_table(rows: &[Value]) -> String {
    let cell = |row: &Value, key: &str| match &row[key] {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let columns = [
        "product",
        "title",
        "organisation",
        "tickets",
        "tasks",
        "status",
        "valid",
        "newest",
    ];
    let cells = rows.iter().map(|row| columns.map(|key| cell(row, key)));
    table(columns, cells)
}

/// Products as JSON rows.
pub(super) fn rows(catalogue: &Catalogue, products: &[&Product]) -> Vec<Value> {
    products
        .iter()
        .map(|product| row(catalogue, product))
        .collect()
}

/// A product in JSON. Amounts are wei, as text; times are Unix seconds.
pub(super) fn row(catalogue: &Catalogue, product: &Product) -> Value {
    let (listing, now) = (&product.listing, catalogue.head.timestamp);
    json!({
        "product": product.id.to_string(),
        "title": listing.title,
        "description": listing.description,
        "producer": product.producer,
        "organisation": catalogue.members.organisation_of(product.producer),
        "price": product.price().to_string(),
        "stock": listing.stock,
        "left": product.left(),
        "sold": product.sold,
        "rewardBps": listing.rewardBps,
        "status": product.status,
        "onSale": product.is_on_sale(now),
        "valid": product.is_valid(now),
        "next": product.next.map(|next| next.to_string()),
        "previous": product.previous.map(|previous| previous.to_string()),
        "solver": product.solver,
        "uuid": listing::uuid(listing),
        "contentRoot": listing.contentRoot,
        "bytes": listing.length,
        "block": product.block,
        "transaction": product.transaction,
        "context": listing::json(&product.context),
        "missing": product.context.missing(),
    })
}

/// Products for people.
pub(super) fn table_of(catalogue: &Catalogue, products: &[&Product]) -> String {
    let rows = products.iter().map(|product| {
        let context = &product.context;
        [
            product.id.to_string(),
            product.listing.title.clone(),
            catalogue
                .members
                .organisation_of(product.producer)
                .to_owned(),
            context.level.to_string(),
            stated(context.tlp).unwrap_or("–").to_owned(),
            time(context.valid_until),
            ether(product.price()),
            product.left().to_string(),
            product.status.name().to_owned(),
        ]
    });
    table(
        [
            "product",
            "title",
            "producer",
            "level",
            "tlp",
            "valid until",
            "price",
            "left",
            "status",
        ],
        rows,
    )
}

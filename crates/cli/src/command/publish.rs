use ayumi_contracts::ProductId;
use serde_json::{Value, json};

use crate::args::ListingArgs;
use crate::cx::Cx;
use crate::endpoint::now;
use crate::error::Result;
use crate::flow::{Offer, Published};
use crate::listing;
use crate::output::Answer;
use crate::text::{ether, pairs};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    listing: ListingArgs,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        publish(cx, &self.listing, None).await
    }
}

/// What a document is the next edition of.
pub(super) struct Edition {
    pub(super) of: ProductId,
    /// Whether it may be about another event.
    pub(super) other_event: bool,
}

/// Publishes, or revises if a product is named.
pub(super) async fn publish(
    cx: &Cx,
    args: &ListingArgs,
    edition: Option<Edition>,
) -> Result<Answer> {
    let mut offer = Offer::read(&args.file)?;
    let uuid = offer.context.uuid;
    args.apply(&mut offer);
    offer.check(args.incomplete || args.dry_run, now())?;
    if args.dry_run {
        return Ok(dry_run(&offer));
    }
    let session = cx.session().await?;
    if let Some(Edition { of, other_event }) = edition
        && !other_event
    {
        session.check_same_event(of, uuid).await?;
    }
    for note in &offer.notes {
        session.observer().note(&format!("note: {note}"));
    }
    let revises = edition.map(|edition| edition.of);
    let sent = session
        .publish(&offer, revises, cx.global.network.solver.as_ref())
        .await?;
    Ok(Answer::new(&sent.result, text(&sent.result)).after(sent.mined))
}

fn text(published: &Published) -> String {
    pairs([
        ("product", published.product.to_string()),
        ("content root", published.content_root.to_string()),
        ("transaction", published.transaction.to_string()),
        ("solver", published.solver.to_string()),
    ])
}

/// The listing, and nothing else. It needs neither chain nor account.
fn dry_run(offer: &Offer) -> Answer {
    let context = &offer.context;
    let mut lines = vec![
        ("title", context.title.clone()),
        ("description", offer.description.clone()),
        ("price", format!("{} ether", ether(offer.price))),
        ("stock", offer.stock.to_string()),
        ("reward", reward(offer.reward_bps)),
        (
            "uuid",
            context
                .uuid
                .map(|uuid| uuid.to_string())
                .unwrap_or_default(),
        ),
        ("bytes", offer.payload.len().to_string()),
    ];
    lines.extend(listing::lines(context));
    let missing = !context.missing().is_empty();
    Answer::new(&document(offer), pairs(lines)).negative_if(missing)
}

fn document(offer: &Offer) -> Value {
    json!({
        "title": offer.context.title,
        "titleCut": offer.context.title_cut,
        "description": offer.description,
        "price": offer.price.to_string(),
        "stock": offer.stock,
        "rewardBps": offer.reward_bps,
        "uuid": offer.context.uuid,
        "bytes": offer.payload.len(),
        "context": listing::json(&offer.context),
        "missing": listing::missing_json(&offer.context),
        "notes": offer.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// A part of the price for people; "" where there is none.
pub(super) fn reward(bps: u16) -> String {
    match bps {
        0 => String::new(),
        bps => format!(
            "{} % of the price for feedback in time",
            f64::from(bps) / 100.0
        ),
    }
}

use std::path::Path;

use alloy::primitives::{U256, keccak256};
use ayumi_contracts::ProductId;
use serde_json::{Value, json};

use crate::args::ListingArgs;
use crate::cx::Cx;
use crate::endpoint::now;
use crate::error::{InputError, Result};
use crate::flow::{Offer, Published};
use crate::listing;
use crate::output::Answer;
use crate::session::Session;
use crate::state;
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
pub(super) struct Edition<'a> {
    pub(super) of: ProductId,
    /// The tasks whose feedback it answers.
    pub(super) answers: &'a [U256],
    /// Whether it may be about another event.
    pub(super) other_event: bool,
}

/// Publishes, or revises if a product is named.
pub(super) async fn publish(
    cx: &Cx,
    args: &ListingArgs,
    edition: Option<Edition<'_>>,
) -> Result<Answer> {
    let (mut offer, left_out) = source(args).await?;
    let uuid = offer.context.uuid;
    args.apply(&mut offer);
    offer.check(args.incomplete || args.dry_run, now())?;
    if args.dry_run {
        return Ok(dry_run(&offer));
    }
    let session = cx.session().await?;
    if let Some(edition) = &edition
        && !edition.other_event
    {
        session.check_same_event(edition.of, uuid).await?;
    }
    for note in &offer.notes {
        session.observer().note(&format!("note: {note}"));
    }
    if args.misp_event.is_some() {
        keep(&session, &offer, &left_out)?;
    }
    let solver = cx.global.network.solver.as_ref();
    let sent = match edition {
        Some(Edition { of, answers, .. }) => session.revise(&offer, of, solver, answers).await?,
        None => session.publish(&offer, None, solver).await?,
    };
    Ok(Answer::new(&sent.result, text(&sent.result)).after(sent.mined))
}

/// Out of a file, or from the MISP server without what tells of that server.
async fn source(args: &ListingArgs) -> Result<(Offer, Vec<&'static str>)> {
    let Some(event) = args.misp_event else {
        let file = args.file.as_deref().unwrap_or(Path::new("")); // clap demands one of the two
        return Ok((Offer::read(file)?, Vec::new()));
    };
    let client = args.misp.client()?;
    let found = client.event(event).await?;
    let found = found.ok_or_else(|| ayumi_misp_client::Error::NotFound {
        what: format!("event {event} at {}", client.url()),
        message: "the user sees no such event".into(),
    })?;
    let (payload, left_out) = ayumi_misp_client::for_sale(&found)?;
    let offer = Offer::new(payload).map_err(|cause| InputError::Document {
        path: format!("MISP event {event}").into(),
        cause,
    })?;
    Ok((offer, left_out))
}

/// Keeps what is published in the state folder: another solver can be given the very bytes alone.
fn keep(session: &Session, offer: &Offer, left_out: &[&str]) -> Result<()> {
    let uuid = offer
        .document
        .event()
        .and_then(|event| event.uuid.text()?.parse().ok());
    let hash = keccak256(&offer.payload);
    let path = session.store()?.document(uuid.unwrap_or_default(), hash);
    state::write(&path, &offer.payload)?;
    if !left_out.is_empty() {
        let left_out = left_out.join(", ");
        let note = format!("note: left out, as it tells of the MISP server: {left_out}");
        session.observer().note(&note);
    }
    session
        .observer()
        .note(&format!("note: the document is {}", path.display()));
    Ok(())
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

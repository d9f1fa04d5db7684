use std::path::PathBuf;

use ayumi_misp::{
    Action, Audience, CommercialUse, Context, ControlPoint, Direction, Level, Pap, Set, Tlp, Word,
};
use clap::builder::PossibleValue;
use uuid::Uuid;

use super::{MispArgs, Moment, Percent, Price};
use crate::flow::Offer;

/// What a producer states of a product. What is not given is read out of the document.
#[derive(Debug, Clone, clap::Args)]
pub struct ListingArgs {
    /// MISP JSON document: one event or one object
    #[arg(required_unless_present = "misp_event")]
    pub file: Option<PathBuf>,
    /// Take this event from the MISP server instead of a file
    #[arg(long, value_name = "UUID", conflicts_with = "file")]
    pub misp_event: Option<Uuid>,
    /// Price of a ticket in ether; 0 is free
    #[arg(long, value_name = "ETHER")]
    pub price: Price,
    /// Tickets on offer
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub stock: u32,
    /// Part of the price that goes back to who gives feedback in time
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    pub reward: Percent,
    /// Show the listing, and publish nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Publish although the listing does not state all that it should
    #[arg(long)]
    pub incomplete: bool,
    /// What the document states, in other words
    #[command(flatten)]
    pub context: ContextArgs,
    /// Where the MISP server is.
    #[command(flatten)]
    pub misp: MispArgs,
}

/// What is stated instead of what the document states.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Context, instead of the document's")]
pub struct ContextArgs {
    /// Title, public
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// What the threat is, public, for search
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Leave the document's MISP uuid out of the listing
    #[arg(long)]
    pub hide_uuid: bool,
    /// How much it tells beyond its values
    #[arg(long, value_parser = words::<Level>())]
    pub level: Option<Level>,
    /// Who may see it
    #[arg(long, value_parser = words::<Tlp>())]
    pub tlp: Option<Tlp>,
    /// What may be done with it
    #[arg(long, value_parser = words::<Pap>())]
    pub pap: Option<Pap>,
    /// Whether it may be used commercially
    #[arg(long, value_parser = words::<CommercialUse>())]
    pub commercial_use: Option<CommercialUse>,
    /// For whom it is
    #[arg(long, value_delimiter = ',', value_parser = words::<Audience>())]
    pub audience: Vec<Audience>,
    /// Direction of the traffic that it describes
    #[arg(long, value_delimiter = ',', value_parser = words::<Direction>())]
    pub direction: Vec<Direction>,
    /// Where it is put to use
    #[arg(long, value_delimiter = ',', value_parser = words::<ControlPoint>())]
    pub control_point: Vec<ControlPoint>,
    /// What is expected to be done with it
    #[arg(long, value_name = "ACTION", value_delimiter = ',', value_parser = words::<Action>())]
    pub expect: Vec<Action>,
    /// From when it is valid
    #[arg(long, value_name = "DATE")]
    pub valid_from: Option<Moment>,
    /// Until when it is valid
    #[arg(long, value_name = "DATE")]
    pub valid_until: Option<Moment>,
}

impl ListingArgs {
    /// Puts price, stock and context into an offer that was read from the document.
    pub(crate) fn apply(&self, offer: &mut Offer) {
        offer.price = self.price.0;
        offer.stock = self.stock;
        offer.reward_bps = self.reward.0;
        self.context.apply(offer);
    }
}

impl ContextArgs {
    /// Whether anything was given.
    pub(crate) fn is_given(&self) -> bool {
        let texts = self.title.is_some() || self.description.is_some() || self.hide_uuid;
        let marks = self.level.is_some() || self.tlp.is_some() || self.pap.is_some();
        let uses = !self.audience.is_empty() || !self.direction.is_empty();
        let points = !self.control_point.is_empty() || !self.expect.is_empty();
        let dates = self.valid_from.is_some() || self.valid_until.is_some();
        texts || marks || uses || points || dates || self.commercial_use.is_some()
    }

    /// Puts what was given in the place of what the document states.
    pub(crate) fn apply(&self, offer: &mut Offer) {
        let context = &mut offer.context;
        put(&mut context.level, self.level);
        put(&mut context.tlp, self.tlp);
        put(&mut context.pap, self.pap);
        put(&mut context.commercial_use, self.commercial_use);
        put(&mut context.valid_from, self.valid_from.map(Moment::start));
        put(&mut context.valid_until, self.valid_until.map(Moment::end));
        put_set(&mut context.audience, &self.audience);
        put_set(&mut context.directions, &self.direction);
        put_set(&mut context.control_points, &self.control_point);
        put_set(&mut context.expected_actions, &self.expect);
        self.put_texts(offer);
    }

    fn put_texts(&self, offer: &mut Offer) {
        let Context {
            title,
            title_cut,
            uuid,
            ..
        } = &mut offer.context;
        if let Some(given) = &self.title {
            given.trim().clone_into(title);
            *title_cut = false;
        }
        if let Some(given) = &self.description {
            given.trim().clone_into(&mut offer.description);
        }
        if self.hide_uuid {
            *uuid = None;
        }
    }
}

fn put<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

fn put_set<W: ayumi_misp::Flag>(place: &mut Set<W>, given: &[W]) {
    if !given.is_empty() {
        *place = given.iter().copied().collect();
    }
}

/// Reads the words of a list, and shows them in the help.
#[derive(Clone)]
pub(crate) struct Words<W>(std::marker::PhantomData<W>);

pub(crate) fn words<W: Word>() -> Words<W> {
    Words(std::marker::PhantomData)
}

impl<W: Word + Send + Sync> clap::builder::TypedValueParser for Words<W> {
    type Value = W;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<W, clap::Error> {
        let names = W::ALL.iter().map(|word| PossibleValue::new(word.name()));
        if let Some(word) = value.to_str().and_then(|name| W::from_name(name).ok()) {
            return Ok(word);
        }
        let strict = clap::builder::PossibleValuesParser::new(names);
        strict
            .parse_ref(command, argument, value)
            .map(|_| W::ALL[0])
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            W::ALL.iter().map(|word| PossibleValue::new(word.name())),
        ))
    }
}

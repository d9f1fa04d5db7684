use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use alloy::primitives::{Address, B256, U256};
use ayumi_contracts::ICTIToken;
use ayumi_misp::{Context, Document, MAX_DOCUMENT_BYTES, ParseError};
use ayumi_sealing::Commitment;

use crate::error::{InputError, Result};
use crate::listing;

/// The longest title and description on chain, in bytes.
const MAX_TITLE_BYTES: usize = 200;
const MAX_DESCRIPTION_BYTES: usize = 2_000;

/// What a producer puts on sale: a document, what is public of it, and the terms.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The exact bytes of the document.
    pub payload: Vec<u8>,
    /// The document.
    pub document: Document,
    /// What is stated in public, the title and the MISP uuid included.
    pub context: Context,
    /// What the document states badly.
    pub notes: Vec<ayumi_misp::Note>,
    /// What the threat is, for search.
    pub description: String,
    /// Wei for a ticket.
    pub price: U256,
    /// Tickets on offer.
    pub stock: u32,
    /// The part of the price for feedback, in hundredths of a percent.
    pub reward_bps: u16,
}

impl Offer {
    /// Of a document's bytes, with the context that it states; one ticket, for nothing.
    pub fn new(payload: Vec<u8>) -> Result<Self, ParseError> {
        let document = Document::parse(&payload)?;
        let (context, notes) = Context::read(&document);
        Ok(Self {
            payload,
            document,
            context,
            notes,
            description: String::new(),
            price: U256::ZERO,
            stock: 1,
            reward_bps: 0,
        })
    }

    /// Of a file.
    pub fn read(path: &Path) -> Result<Self> {
        let payload = read(path)?;
        let document = |cause| InputError::Document {
            path: path.to_owned(),
            cause,
        };
        Ok(Self::new(payload).map_err(document)?)
    }

    /// Whether it may be published; `incomplete` if it need not state all that it should.
    pub fn check(&self, incomplete: bool, now: u64) -> Result<(), InputError> {
        let Context {
            title,
            valid_from,
            valid_until,
            ..
        } = &self.context;
        match title.len() {
            0 => return Err(InputError::NoTitle),
            1..=MAX_TITLE_BYTES => {}
            bytes => return Err(InputError::TitleTooLong(bytes)),
        }
        if self.description.len() > MAX_DESCRIPTION_BYTES {
            return Err(InputError::DescriptionTooLong(self.description.len()));
        }
        self.check_leaks()?;
        let (from, until) = (*valid_from, *valid_until);
        if until != 0 && until < from {
            return Err(InputError::PeriodReversed { from, until });
        }
        if until != 0 && until < now {
            return Err(InputError::PeriodOver(until));
        }
        match self.context.missing() {
            missing if missing.is_empty() || incomplete => Ok(()),
            missing => Err(InputError::Incomplete(missing)),
        }
    }

    fn check_leaks(&self) -> Result<(), InputError> {
        for (part, text) in [
            ("title", &self.context.title),
            ("description", &self.description),
        ] {
            if let Some(leak) = self.document.leaks(text).into_iter().next() {
                return Err(InputError::Leak { part, leak });
            }
        }
        Ok(())
    }

    /// As the contract has it.
    pub(crate) fn listing(
        &self,
        commitment: Commitment,
        solver: Address,
        note_key: B256,
    ) -> ICTIToken::Listing {
        ICTIToken::Listing {
            contentRoot: commitment.content_root,
            length: u32::try_from(commitment.payload_length).expect("a payload has at most 32 MiB"),
            price: listing::price_on_chain(self.price),
            stock: self.stock,
            rewardBps: self.reward_bps,
            solver,
            noteKey: note_key,
            uuid: listing::uuid_on_chain(self.context.uuid),
            context: listing::on_chain(&self.context),
            title: self.context.title.clone(),
            description: self.description.clone(),
        }
    }
}

/// The bytes of a document's file; never more than a document may have.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, InputError> {
    let file = |cause| InputError::File {
        path: path.to_owned(),
        cause,
    };
    let metadata = fs::metadata(path).map_err(file)?;
    if metadata.is_dir() {
        return Err(InputError::NotAFile(path.to_owned()));
    }
    let limit = MAX_DOCUMENT_BYTES as u64 + 1;
    if metadata.len() >= limit {
        let bytes = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        return Err(InputError::Document {
            path: path.to_owned(),
            cause: ParseError::TooBig { bytes },
        });
    }
    let mut payload = Vec::new();
    File::open(path)
        .map_err(file)?
        .take(limit)
        .read_to_end(&mut payload)
        .map_err(file)?;
    Ok(payload)
}

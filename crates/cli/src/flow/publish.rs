use std::path::PathBuf;

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::rpc::types::TransactionReceipt;
use ayumi_chain::Call;
use ayumi_contracts::{ICTIToken, ProductId};
use ayumi_sealing::{Asset, Commitment, Message, PublicKey, Seed, commit, seal};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Offer;
use super::trade::sale_ended;
use crate::args::WhichSolver;
use crate::endpoint::{Endpoint, Http, SolverError};
use crate::error::{Error, InputError, Result, TaskError};
use crate::listing;
use crate::read::{Catalogue, Members, Status, id};
use crate::session::Session;
use crate::state;
use crate::submit::{Intent, Sent};

/// What was published.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Published {
    /// The product.
    #[serde(serialize_with = "crate::text::as_text")]
    pub product: ProductId,
    /// What its payload is committed to with.
    pub content_root: B256,
    /// What published it.
    pub transaction: B256,
    /// Who delivers it.
    pub solver: Address,
}

/// What must survive an interruption, so that a repeated publish gives the same product; and the publication, so that the
/// document can be given to another solver.
#[derive(Serialize, Deserialize)]
pub(super) struct Draft {
    pub(super) seed: B256,
}

/// The solver that a document is given to.
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    sealing_key: PublicKey,
}

impl Session {
    /// Gives the document to a solver, and puts it on sale; as the next edition of a product, if one is named.
    pub async fn publish(
        &self,
        offer: &Offer,
        revises: Option<ProductId>,
        solver: Option<&WhichSolver>,
    ) -> Result<Sent<Published>> {
        let (sent, draft) = self.put_on_sale(offer, revises, solver).await?;
        sent.forgetting(draft)
    }

    /// The same, with the draft; as long as it is there, the same offer gives the same product.
    pub(super) async fn put_on_sale(
        &self,
        offer: &Offer,
        revises: Option<ProductId>,
        solver: Option<&WhichSolver>,
    ) -> Result<(Sent<Published>, PathBuf)> {
        self.check_member().await?;
        let members = Members::read(self.chain()).await?;
        let target = self.choose_solver(&members, solver).await?;
        let intent = intent(offer, revises);
        let draft = self.store()?.draft(intent.key());
        let turn = self.turn(intent).await?;
        let (seed, is_new) = seed(&draft)?;
        let commitment = commit(&offer.payload, &seed).map_err(InputError::from)?;
        if !is_new
            && !turn.is_adopted()
            && let Some(result) = self.published_before(commitment).await?
        {
            let mined = None;
            return Ok((Sent { result, mined }, draft));
        }
        if !turn.is_adopted() {
            if let Some(product) = revises {
                self.check_revisable(product).await?;
            }
            state::write_json(&self.store()?.seed(commitment.content_root), &kept(&seed))?;
            self.hand_over(&offer.payload, &seed, commitment, &target)
                .await?;
        }
        self.observer().step("publishing");
        let call = self.publish_call(offer, commitment, target.endpoint.solver(), revises)?;
        let mined = turn.send(&call).await?;
        let event: ICTIToken::ProductPublished = mined.event(self.chain().contracts().token)?;
        let result = published(&event, &mined.receipt)?;
        let mined = Some(mined);
        Ok((Sent { result, mined }, draft))
    }

    /// Seals the asset to the solver's key as the chain has it, and stores it with the solver.
    pub(super) async fn hand_over(
        &self,
        payload: &[u8],
        seed: &Seed,
        commitment: Commitment,
        target: &Target,
    ) -> Result<()> {
        self.observer().step("giving the document to the solver");
        let domain = self.chain().domain();
        let identity = target.endpoint.check(&domain).await?;
        if commitment.payload_length > identity.max_payload_bytes {
            let (bytes, most) = (commitment.payload_length, identity.max_payload_bytes);
            return Err(InputError::TooLargeForSolver { bytes, most }.into());
        }
        let asset = Asset {
            seed: seed.clone(),
            payload: payload.to_vec(),
        };
        let message = Message::Asset {
            content_root: commitment.content_root,
        };
        let sealed = seal(
            message,
            self.scope(),
            target.sealing_key,
            &asset.to_plaintext(),
        )
        .map_err(TaskError::from)?;
        let what = (commitment.content_root, commitment.payload_length);
        Ok(target
            .endpoint
            .put_asset(self.wallet()?, &domain, what, sealed)
            .await?)
    }

    fn publish_call(
        &self,
        offer: &Offer,
        commitment: Commitment,
        solver: Address,
        revises: Option<ProductId>,
    ) -> Result<Call> {
        let note_key = self.wallet()?.sealing_key(self.scope()).public();
        let listing = offer.listing(commitment, solver, note_key.0);
        let token = self.chain().contracts().token;
        Ok(match revises {
            Some(product) => Call::new(
                token,
                &ICTIToken::reviseCall {
                    product: id(product),
                    listing,
                },
            ),
            None => Call::new(token, &ICTIToken::publishCall { listing }),
        })
    }

    /// What an interrupted publish of the same draft has put on chain.
    async fn published_before(&self, commitment: Commitment) -> Result<Option<Published>> {
        let catalogue = Catalogue::of_producer(self.chain(), self.account()?).await?;
        let found = catalogue
            .products
            .into_values()
            .find(|product| product.listing.contentRoot == commitment.content_root);
        Ok(found.map(|product| Published {
            product: product.id,
            content_root: commitment.content_root,
            transaction: product.transaction,
            solver: product.solver,
        }))
    }

    /// Whether a document with this MISP uuid may be the next edition of a product: they are of the same event, as far as
    /// both tell.
    pub(crate) async fn check_same_event(
        &self,
        product: ProductId,
        given: Option<Uuid>,
    ) -> Result<()> {
        let listed = Catalogue::product(self.chain(), product).await?;
        match (listing::uuid(&listed.listing), given) {
            (Some(found), Some(given)) if found != given => Err(TaskError::OtherEvent {
                product,
                found,
                given,
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Whether a product can have a next edition: it is the account's, and has none.
    async fn check_revisable(&self, product: ProductId) -> Result<()> {
        let listed = Catalogue::product(self.chain(), product).await?;
        self.check_producer(&listed)?;
        match listed.status {
            Status::Revised => Err(sale_ended(&listed).into()),
            Status::OnSale | Status::Withdrawn => Ok(()),
        }
    }

    async fn check_member(&self) -> Result<()> {
        let account = self.account()?;
        let number = self.chain().consortium().memberOf(account).call().await;
        match number.map_err(|error| self.chain().view_error(error))? {
            number if number.is_zero() => Err(TaskError::NotMember(account).into()),
            _ => Ok(()),
        }
    }

    /// The one that is named, or else the only one of the own organisation, or else the only one.
    pub(super) async fn choose_solver(
        &self,
        members: &Members,
        wanted: Option<&WhichSolver>,
    ) -> Result<Target> {
        let address = match wanted {
            Some(WhichSolver::At(url)) => return self.solver_at(members, url).await,
            Some(WhichSolver::Account(address)) => active(members, *address)?,
            None => only_solver(members, self.account()?)?,
        };
        target(self.http(), members, address, None)
    }

    async fn solver_at(&self, members: &Members, url: &Url) -> Result<Target> {
        let same =
            |endpoint: &str| endpoint.trim_end_matches('/') == url.as_str().trim_end_matches('/');
        let mut matching = members
            .active_solvers()
            .filter(|(_, solver)| same(&solver.endpoint));
        if let (Some((address, _)), None) = (matching.next(), matching.next()) {
            return target(self.http(), members, address, None);
        }
        let stranger = Endpoint::new(self.http(), Address::ZERO, url.as_str())?;
        let identity = stranger.identity().await;
        let address = identity.map_err(|cause| not_at(url, &cause))?.solver;
        if members
            .active_solvers()
            .any(|(active, _)| active == address)
        {
            return target(self.http(), members, address, Some(url));
        }
        let text =
            format!("the solver {address} at {url} is not an active solver of the consortium");
        Err(TaskError::NoSolver(text).into())
    }
}

/// That nobody says to be a solver at a URL that the consortium does not know.
fn not_at(url: &Url, cause: &SolverError) -> TaskError {
    TaskError::NoSolver(format!(
        "no active solver is registered at {url}, and none tells itself there: {cause}"
    ))
}

fn target(http: &Http, members: &Members, address: Address, url: Option<&Url>) -> Result<Target> {
    let solver = members
        .solvers
        .get(&address)
        .ok_or(TaskError::SolverInactive(address))?;
    let endpoint = url.map_or(&*solver.endpoint, Url::as_str);
    Ok(Target {
        endpoint: Endpoint::new(http, address, endpoint)?,
        sealing_key: PublicKey(solver.sealing_key),
    })
}

fn active(members: &Members, wanted: Address) -> Result<Address> {
    if members.active_solvers().any(|(active, _)| active == wanted) {
        return Ok(wanted);
    }
    let text = format!("{wanted} is not an active solver of the consortium");
    Err(TaskError::NoSolver(text).into())
}

/// Chooses without being told.
fn only_solver(members: &Members, account: Address) -> Result<Address> {
    let own = members
        .accounts
        .get(&account)
        .map(|account| account.organisation);
    let active = members.active_solvers().collect::<Vec<_>>();
    let ours = active
        .iter()
        .filter(|(_, solver)| Some(solver.organisation) == own)
        .collect::<Vec<_>>();
    match (&ours[..], &active[..]) {
        ([(address, _)], _) | (_, [(address, _)]) => Ok(*address),
        (_, []) => Err(TaskError::NoSolver("the consortium has no active solver".into()).into()),
        _ => {
            let lines = active.iter().map(|(address, solver)| {
                format!(
                    "\n- {} ({address}, of {})",
                    solver.endpoint,
                    members.name_of(solver.organisation)
                )
            });
            let text = format!(
                "there are several solvers to choose from:{}",
                lines.collect::<String>()
            );
            Err(TaskError::NoSolver(text).into())
        }
    }
}

fn intent(offer: &Offer, revises: Option<ProductId>) -> Intent {
    let action = match revises {
        Some(product) => format!("revise {product} as {:?}", offer.context.title),
        None => format!("publish {:?}", offer.context.title),
    };
    let details = (
        keccak256(&offer.payload),
        (offer.price, offer.stock, offer.reward_bps),
        listing::json(&offer.context),
        (&offer.description, offer.context.uuid),
    );
    Intent::new(action, &details)
}

/// The seed of the draft, and whether it is a new one.
fn seed(draft: &std::path::Path) -> Result<(Seed, bool)> {
    if let Some(Draft { seed }) = state::read_json(draft)? {
        return Ok((Seed::from(seed.0), false));
    }
    let seed = Seed::random();
    state::write_json(draft, &kept(&seed))?;
    Ok((seed, true))
}

fn kept(seed: &Seed) -> Draft {
    Draft {
        seed: B256::from(*seed.as_bytes()),
    }
}

fn published(
    event: &ICTIToken::ProductPublished,
    receipt: &TransactionReceipt,
) -> Result<Published> {
    let transaction = receipt.transaction_hash;
    let product = ProductId::try_from(U256::from(event.product));
    Ok(Published {
        product: product.map_err(|_| Error::from(TaskError::NoEvent(transaction)))?,
        content_root: event.listing.contentRoot,
        transaction,
        solver: event.listing.solver,
    })
}

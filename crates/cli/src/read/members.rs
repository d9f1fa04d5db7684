use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};
use alloy::rpc::types::Log;
use alloy::sol_types::{SolEvent, SolEventInterface};
use ayumi_chain::Chain;
use ayumi_contracts::IConsortium::{
    AccountEnrolled, AccountSuspensionSet, IConsortiumEvents, OrganisationAdded,
    OrganisationSuspensionSet, SolverRegistered, SolverSuspensionSet, SolverUpdated, TeamAssigned,
};

use crate::error::Result;

/// The organisations, their accounts and their solvers, as the events of the `Consortium` tell them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// By their numbers, from 1.
    pub organisations: BTreeMap<u32, Organisation>,
    /// By their addresses.
    pub accounts: BTreeMap<Address, Account>,
    /// By their addresses.
    pub solvers: BTreeMap<Address, Solver>,
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// As the governor entered it; not cleaned.
    pub name: String,
    /// Whether the governor suspended it.
    pub suspended: bool,
}

/// An enrolled account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// From 1; part of the ids of its products.
    pub number: u32,
    /// The number of its organisation.
    pub organisation: u32,
    /// As the governor entered it; not cleaned.
    pub team: String,
    /// Whether the governor suspended it.
    pub suspended: bool,
}

/// A registered solver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solver {
    /// The number of the organisation that runs it.
    pub organisation: u32,
    /// To which assets are sealed.
    pub sealing_key: B256,
    /// As it was registered; not cleaned.
    pub endpoint: String,
    /// Whether the governor suspended it.
    pub suspended: bool,
}

impl Members {
    /// The events that tell of members.
    pub(crate) const SIGNATURES: [B256; 8] = [
        OrganisationAdded::SIGNATURE_HASH,
        OrganisationSuspensionSet::SIGNATURE_HASH,
        AccountEnrolled::SIGNATURE_HASH,
        AccountSuspensionSet::SIGNATURE_HASH,
        TeamAssigned::SIGNATURE_HASH,
        SolverRegistered::SIGNATURE_HASH,
        SolverUpdated::SIGNATURE_HASH,
        SolverSuspensionSet::SIGNATURE_HASH,
    ];

    /// Reads the members as of the newest block.
    pub async fn read(chain: &Chain) -> Result<Self> {
        let head = chain.head().await?;
        let mut members = Self::default();
        for log in super::logs(chain, head, &Self::SIGNATURES).await? {
            members.apply(chain, &log);
        }
        Ok(members)
    }

    /// Takes up what a log tells, if it is of the `Consortium`.
    pub(crate) fn apply(&mut self, chain: &Chain, log: &Log) {
        if log.address() != chain.contracts().consortium {
            return;
        }
        if let Ok(event) = IConsortiumEvents::decode_log(&log.inner) {
            self.note(event.data);
        }
    }

    fn note(&mut self, event: IConsortiumEvents) {
        use IConsortiumEvents as E;
        match event {
            E::OrganisationAdded(e) => {
                self.organisations.insert(
                    e.organisation,
                    Organisation {
                        name: e.name,
                        suspended: false,
                    },
                );
            }
            E::OrganisationSuspensionSet(e) => {
                if let Some(organisation) = self.organisations.get_mut(&e.organisation) {
                    organisation.suspended = e.suspended;
                }
            }
            E::AccountEnrolled(e) => {
                let (number, team) = (e.number.to::<u32>(), team_of(e.team));
                self.accounts.insert(
                    e.account,
                    Account {
                        number,
                        organisation: e.organisation,
                        team,
                        suspended: false,
                    },
                );
            }
            E::AccountSuspensionSet(e) => {
                if let Some(account) = self.accounts.get_mut(&e.account) {
                    account.suspended = e.suspended;
                }
            }
            E::TeamAssigned(e) => {
                if let Some(account) = self.accounts.get_mut(&e.account) {
                    account.team = team_of(e.team);
                }
            }
            E::SolverRegistered(e) => {
                let (organisation, sealing_key) = (e.organisation, e.sealingKey);
                self.solvers.insert(
                    e.solver,
                    Solver {
                        organisation,
                        sealing_key,
                        endpoint: e.endpoint,
                        suspended: false,
                    },
                );
            }
            E::SolverUpdated(e) => {
                if let Some(solver) = self.solvers.get_mut(&e.solver) {
                    (solver.sealing_key, solver.endpoint) = (e.sealingKey, e.endpoint);
                }
            }
            E::SolverSuspensionSet(e) => {
                if let Some(solver) = self.solvers.get_mut(&e.solver) {
                    solver.suspended = e.suspended;
                }
            }
        }
    }

    /// The name of an account's organisation, "" where it was never enrolled.
    pub fn organisation_of(&self, account: Address) -> &str {
        let account = self.accounts.get(&account);
        account.map_or("", |account| self.name_of(account.organisation))
    }

    /// The name of an organisation, "" where there is none.
    pub fn name_of(&self, organisation: u32) -> &str {
        self.organisations
            .get(&organisation)
            .map_or("", |organisation| &organisation.name)
    }

    /// Whether an organisation is there and not suspended.
    pub fn is_active(&self, organisation: u32) -> bool {
        self.organisations
            .get(&organisation)
            .is_some_and(|organisation| !organisation.suspended)
    }

    /// The solvers that may deliver.
    pub fn active_solvers(&self) -> impl Iterator<Item = (Address, &Solver)> {
        let solvers = self
            .solvers
            .iter()
            .map(|(address, solver)| (*address, solver));
        solvers.filter(|(_, solver)| !solver.suspended && self.is_active(solver.organisation))
    }
}

/// UTF-8, padded with zero bytes.
fn team_of(bytes: B256) -> String {
    String::from_utf8_lossy(bytes.as_slice())
        .trim_end_matches('\0')
        .to_owned()
}

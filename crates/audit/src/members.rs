//! Who is who in an index, for one question.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alloy::primitives::Address;

use crate::db::Db;
use crate::error::{QueryError, Result};
use crate::query::{By, Query};
use crate::record::{Membership, Organisation, Party, all};
use crate::tally::Scope;

/// Accounts from which on a team is shown: fewer are persons.
const TEAM: usize = 5;

/// All members, present and past.
pub(crate) struct Members {
    pub(crate) organisations: BTreeMap<i64, Organisation>,
    pub(crate) parties: BTreeMap<i64, Party>,
    pub(crate) memberships: BTreeMap<i64, Membership>,
    /// Accounts of each team, now.
    sizes: HashMap<i64, usize>,
}

/// Whose a row is: organisation, team, account.
pub(crate) type Group = (i64, String, i64);

impl Members {
    pub(crate) fn read(db: &Db) -> Result<Self> {
        let organisations = all::<Organisation>(db)?
            .into_iter()
            .map(|row| (row.id, row));
        let parties = all::<Party>(db)?.into_iter().map(|row| (row.id, row));
        let parties: BTreeMap<_, _> = parties.collect();
        let memberships = all::<Membership>(db)?.into_iter().map(|row| (row.id, row));
        let memberships: BTreeMap<_, _> = memberships.collect();
        let mut sizes = HashMap::new();
        for present in parties
            .values()
            .filter_map(|party| memberships.get(&party.membership))
        {
            *sizes.entry(present.team_id).or_default() += 1;
        }
        Ok(Self {
            organisations: organisations.collect(),
            parties,
            memberships,
            sizes,
        })
    }

    /// The name of an organisation; "" for accounts that belong to none.
    pub(crate) fn name(&self, organisation: i64) -> String {
        self.organisations
            .get(&organisation)
            .map(|row| row.name.clone())
            .unwrap_or_default()
    }

    pub(crate) fn address(&self, party: i64) -> Address {
        self.parties
            .get(&party)
            .map(|party| party.address.into())
            .unwrap_or_default()
    }

    /// The name of the organisation that a party is of.
    pub(crate) fn organisation_of(&self, party: i64) -> String {
        self.parties
            .get(&party)
            .map(|party| self.name(party.organisation))
            .unwrap_or_default()
    }

    /// The number of an organisation, by its number or name.
    pub(crate) fn organisation(&self, given: &str) -> Result<i64, QueryError> {
        let unknown = || QueryError::Unknown {
            what: "organisation",
            value: given.to_owned(),
        };
        let number = given
            .parse()
            .ok()
            .filter(|number| self.organisations.contains_key(number));
        let named = || {
            self.organisations
                .values()
                .find(|row| row.name == given)
                .map(|row| row.id)
        };
        number.or_else(named).ok_or_else(unknown)
    }

    /// The id of a party, by its address.
    pub(crate) fn account(&self, given: &str) -> Result<i64, QueryError> {
        let unknown = || QueryError::Unknown {
            what: "account",
            value: given.to_owned(),
        };
        let address: Address = given.parse().map_err(|_| unknown())?;
        let party = self
            .parties
            .values()
            .find(|party| Address::from(party.address) == address);
        party.map(|party| party.id).ok_or_else(unknown)
    }

    /// The memberships that a query asks for, if it asks for some.
    pub(crate) fn asked(&self, query: &Query) -> Result<Option<Vec<i64>>, QueryError> {
        let organisation = query
            .organisation
            .as_deref()
            .map(|given| self.organisation(given))
            .transpose()?;
        let account = query
            .account
            .as_deref()
            .map(|given| self.account(given))
            .transpose()?;
        if let Some(team) = &query.team
            && !self.memberships.values().any(|row| row.team == *team)
        {
            return Err(QueryError::Unknown {
                what: "team",
                value: team.clone(),
            });
        }
        if organisation.is_none() && account.is_none() && query.team.is_none() {
            return Ok(None);
        }
        let asked = self.memberships.values().filter(|row| {
            organisation.is_none_or(|organisation| organisation == row.organisation)
                && account.is_none_or(|account| account == row.party)
                && query.team.as_ref().is_none_or(|team| *team == row.team)
        });
        Ok(Some(asked.map(|row| row.id).collect()))
    }

    /// The roll-ups of these memberships, as producers and as consumers: of their teams, where no account is told apart.
    pub(crate) fn roll_ups(
        &self,
        memberships: Vec<i64>,
        is_of_teams: bool,
    ) -> ([Scope; 2], Vec<i64>) {
        if !is_of_teams {
            return (Scope::MEMBERSHIP, memberships);
        }
        let rows = memberships
            .iter()
            .filter_map(|key| self.memberships.get(key));
        let teams: BTreeSet<_> = rows.map(|row| row.team_id).collect();
        (Scope::TEAM, teams.into_iter().collect())
    }

    /// The group that a membership belongs to.
    pub(crate) fn group(&self, membership: i64, by: By) -> Group {
        let Some(row) = self.memberships.get(&membership) else {
            return (0, String::new(), 0);
        };
        match by {
            By::Account | By::Producer => (row.organisation, row.team.clone(), row.party),
            By::Team if self.is_shown(row) => (row.organisation, row.team.clone(), 0),
            _ => (row.organisation, String::new(), 0),
        }
    }

    fn is_shown(&self, membership: &Membership) -> bool {
        self.sizes
            .get(&membership.team_id)
            .is_some_and(|size| *size >= TEAM)
    }
}

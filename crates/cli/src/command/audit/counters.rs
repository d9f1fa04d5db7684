use std::sync::Arc;

use alloy::primitives::Address;
use ayumi_chain::Chain;
use ayumi_contracts::ICTIOperator::Activity;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::error::{Result, TaskError};
use crate::output::Answer;
use crate::read::Members;
use crate::text::table;

/// Calls to the node at a time.
const CALLS: usize = 16;

/// An account's counts, as in the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    organisation: String,
    team: String,
    account: Address,
    published: u64,
    sold: u64,
    delivered: u64,
    feedback_received: u64,
    answered: u64,
    bought: u64,
    redeemed: u64,
    consumed: u64,
    complained: u64,
    feedback_given: u64,
}

/// What every account did, as the contracts count it: a look at their state, and no event is read.
pub(super) async fn answer(chain: &Chain) -> Result<Answer> {
    let rows = activity(chain).await?;
    Ok(Answer::list(
        &rows,
        || text(&rows),
        "no account is enrolled",
    ))
}

async fn activity(chain: &Chain) -> Result<Vec<Row>> {
    let members = Members::read(chain).await?;
    let (places, mut calls) = (Arc::new(Semaphore::new(CALLS)), JoinSet::new());
    for account in members.accounts.keys().copied() {
        let (chain, places) = (chain.clone(), places.clone());
        calls.spawn(async move {
            let _place = places.acquire_owned().await;
            let counts = chain.operator().activityOf(account).call().await;
            counts
                .map(|counts| (account, counts))
                .map_err(|error| chain.view_error(error))
        });
    }
    let mut rows = Vec::new();
    for counted in calls.join_all().await {
        let (account, counts) = counted?;
        let member = members
            .accounts
            .get(&account)
            .ok_or(TaskError::NotMember(account))?;
        rows.push((member.organisation, row(&members, account, &counts)));
    }
    rows.sort_by(|(a, one), (b, other)| {
        (a, &one.team, one.account).cmp(&(b, &other.team, other.account))
    });
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn row(members: &Members, account: Address, counts: &Activity) -> Row {
    Row {
        organisation: members.organisation_of(account).to_owned(),
        team: members
            .accounts
            .get(&account)
            .map(|account| account.team.clone())
            .unwrap_or_default(),
        account,
        published: wide(counts.published),
        sold: wide(counts.sold),
        delivered: wide(counts.delivered),
        feedback_received: wide(counts.feedbackReceived),
        answered: wide(counts.answered),
        bought: wide(counts.bought),
        redeemed: wide(counts.redeemed),
        consumed: wide(counts.consumed),
        complained: wide(counts.complained),
        feedback_given: wide(counts.feedbackGiven),
    }
}

/// The contract packs its counts by how large they can get.
fn wide(count: impl Into<u64>) -> u64 {
    count.into()
}

/// Grouped: an organisation and a team are named where they change.
fn text(rows: &[Row]) -> String {
    let mut last = (None, None);
    let rows = rows.iter().map(|row| {
        let (organisation, team) = (Some(&row.organisation), Some(&row.team));
        let named = if last.0 == organisation {
            String::new()
        } else {
            row.organisation.clone()
        };
        let team_named = if last == (organisation, team) {
            String::new()
        } else {
            row.team.clone()
        };
        last = (organisation, team);
        let count = |count: u64| count.to_string();
        [
            named,
            team_named,
            row.account.to_string(),
            count(row.published),
            count(row.sold),
            count(row.delivered),
            count(row.feedback_received),
            count(row.answered),
            count(row.bought),
            count(row.redeemed),
            count(row.consumed),
            count(row.complained),
            count(row.feedback_given),
        ]
    });
    let headers = [
        "organisation",
        "team",
        "account",
        "published",
        "sold",
        "delivered",
        "feedback received",
        "answered",
        "bought",
        "redeemed",
        "consumed",
        "complained",
        "feedback given",
    ];
    table(headers, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(organisation: &str, team: &str, account: u8, published: u64) -> Row {
        Row {
            organisation: organisation.into(),
            team: team.into(),
            account: Address::repeat_byte(account),
            published,
            sold: 0,
            delivered: 0,
            feedback_received: 0,
            answered: 0,
            bought: 0,
            redeemed: 0,
            consumed: 0,
            complained: 0,
            feedback_given: 0,
        }
    }

    #[test]
    fn organisations_and_teams_are_named_where_they_change() {
        let rows = [
            row("Hinode CERT", "intel", 1, 3),
            row("Hinode CERT", "intel", 2, 0),
            row("Hinode CERT", "soc", 3, 0),
            row("Shio\u{1b}[31m Bank", "soc", 4, 1),
        ];
        insta::assert_snapshot!(text(&rows));
    }
}

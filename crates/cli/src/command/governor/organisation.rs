use alloy::primitives::{Address, B256};
use ayumi_chain::Call;
use ayumi_contracts::IConsortium;
use serde::Serialize;

use super::{change, organisation_number, state};
use crate::cx::Cx;
use crate::error::{InputError, Result};
use crate::output::Answer;
use crate::read::Members;
use crate::submit::Intent;
use crate::text::{pairs, table};

/// The most bytes of a team label, which has one word of storage.
const TEAM_BYTES: usize = 32;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Organisation,
}

#[derive(Debug, clap::Subcommand)]
enum Organisation {
    /// Admit an organisation
    Add {
        /// Its name
        name: String,
    },
    /// List the organisations with their accounts
    List,
    /// Admit an account of an organisation; for good
    Enrol {
        /// The account
        #[arg(value_name = "ACCOUNT", value_parser = crate::args::address)]
        address: Address,
        /// Number or name of the organisation
        #[arg(long, value_name = "ORGANISATION")]
        organisation: String,
        /// Label of the team that has the account, at most 32 bytes
        #[arg(long, value_name = "LABEL", default_value = "")]
        team: String,
    },
    /// Give an account another team label
    Assign {
        /// The account
        #[arg(value_name = "ACCOUNT", value_parser = crate::args::address)]
        address: Address,
        /// The label, at most 32 bytes
        #[arg(long, value_name = "LABEL")]
        team: String,
    },
    /// Let an organisation, or one account, begin nothing new
    Suspend(Whom),
    /// End a suspension
    Reinstate(Whom),
}

#[derive(Debug, clap::Args)]
struct Whom {
    /// Number or name of an organisation, or address of an account
    whom: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    organisation: u32,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Enrolled {
    account: Address,
    organisation: u32,
    number: u32,
    team: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    organisation: u32,
    name: String,
    suspended: bool,
    accounts: Vec<ListedAccount>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedAccount {
    number: u32,
    account: Address,
    team: String,
    suspended: bool,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        match self.command {
            Organisation::Add { name } => add(cx, name).await,
            Organisation::List => list(cx).await,
            Organisation::Enrol {
                address,
                organisation,
                team,
            } => enrol(cx, address, &organisation, &team).await,
            Organisation::Assign { address, team } => assign(cx, address, &team).await,
            Organisation::Suspend(Whom { whom }) => suspend(cx, &whom, true).await,
            Organisation::Reinstate(Whom { whom }) => suspend(cx, &whom, false).await,
        }
    }
}

/// A team label as the contract keeps it.
pub(in crate::command) fn team_label(team: &str) -> Result<B256> {
    if team.len() > TEAM_BYTES || team.contains('\0') {
        return Err(InputError::Usage(format!(
            "{team:?} is no team label: at most {TEAM_BYTES} bytes of text"
        ))
        .into());
    }
    Ok(B256::right_padding_from(team.as_bytes()))
}

async fn add(cx: &Cx, name: String) -> Result<Answer> {
    let name = name.trim().to_owned();
    let session = cx.session().await?;
    let call = IConsortium::addOrganisationCall { name: name.clone() };
    let call = Call::new(session.chain().contracts().consortium, &call);
    let turn = session
        .turn(Intent::new(format!("add organisation {name}"), &call.input))
        .await?;
    if !turn.is_adopted() {
        check_name(&Members::read(session.chain()).await?, &name)?;
    }
    let mined = turn.send(&call).await?;
    let added =
        mined.event::<IConsortium::OrganisationAdded>(session.chain().contracts().consortium)?;
    let added = Added {
        organisation: added.organisation,
        name,
    };
    let text = pairs([
        ("organisation", added.organisation.to_string()),
        ("name", added.name.clone()),
    ]);
    Ok(Answer::new(&added, text).after([mined]))
}

/// Whether no organisation has the name, however it is written.
fn check_name(members: &Members, name: &str) -> Result<(), InputError> {
    let plain = |name: &str| name.trim().to_lowercase();
    let mut organisations = members.organisations.iter();
    let same = organisations.find(|(_, found)| plain(&found.name) == plain(name));
    match same {
        None => Ok(()),
        Some((number, found)) => Err(InputError::OrganisationExists {
            name: found.name.clone(),
            number: *number,
        }),
    }
}

async fn enrol(cx: &Cx, account: Address, organisation: &str, team: &str) -> Result<Answer> {
    let label = team_label(team)?;
    let session = cx.session().await?;
    let organisation = organisation_number(&Members::read(session.chain()).await?, organisation)?;
    let call = IConsortium::enrolCall {
        account,
        organisation,
        team: label,
    };
    let mined = change(&session, format!("enrol {account}"), &call).await?;
    let enrolled =
        mined.event::<IConsortium::AccountEnrolled>(session.chain().contracts().consortium)?;
    let enrolled = Enrolled {
        account,
        organisation,
        number: enrolled.number.to(),
        team: team.to_owned(),
    };
    let text = pairs([
        ("account", account.to_string()),
        ("number", enrolled.number.to_string()),
        ("organisation", organisation.to_string()),
        ("team", enrolled.team.clone()),
    ]);
    Ok(Answer::new(&enrolled, text).after([mined]))
}

async fn assign(cx: &Cx, account: Address, team: &str) -> Result<Answer> {
    let call = IConsortium::assignTeamCall {
        account,
        team: team_label(team)?,
    };
    let session = cx.session().await?;
    let mined = change(&session, format!("assign {account} to {team}"), &call).await?;
    let json = serde_json::json!({ "account": account, "team": team });
    let text = pairs([("account", account.to_string()), ("team", team.to_owned())]);
    Ok(Answer::new(&json, text).after([mined]))
}

async fn suspend(cx: &Cx, whom: &str, suspended: bool) -> Result<Answer> {
    let session = cx.session().await?;
    let what = format!("{} {whom}", if suspended { "suspend" } else { "reinstate" });
    if let Ok(account) = whom.parse::<Address>() {
        let call = IConsortium::setAccountSuspendedCall { account, suspended };
        let mined = change(&session, what, &call).await?;
        return Ok(state("account", &account.to_string(), suspended).after([mined]));
    }
    let organisation = organisation_number(&Members::read(session.chain()).await?, whom)?;
    let call = IConsortium::setOrganisationSuspendedCall {
        organisation,
        suspended,
    };
    let mined = change(&session, what, &call).await?;
    Ok(state("organisation", &organisation.to_string(), suspended).after([mined]))
}

async fn list(cx: &Cx) -> Result<Answer> {
    let session = cx.reader().await?;
    let members = Members::read(session.chain()).await?;
    let listed = members
        .organisations
        .iter()
        .map(|(number, organisation)| Listed {
            organisation: *number,
            name: organisation.name.clone(),
            suspended: organisation.suspended,
            accounts: accounts(&members, *number),
        });
    let listed = listed.collect::<Vec<_>>();
    let headers = ["organisation", "name", "account", "number", "team", ""];
    let text = || table(headers, listed.iter().flat_map(rows));
    Ok(Answer::list(&listed, text, "there are no organisations"))
}

fn accounts(members: &Members, organisation: u32) -> Vec<ListedAccount> {
    let of_it = members
        .accounts
        .iter()
        .filter(|(_, account)| account.organisation == organisation);
    let mut listed = of_it
        .map(|(address, account)| ListedAccount {
            number: account.number,
            account: *address,
            team: account.team.clone(),
            suspended: account.suspended,
        })
        .collect::<Vec<_>>();
    listed.sort_by_key(|account| account.number);
    listed
}

/// A row for each account; one for an organisation without any.
fn rows(organisation: &Listed) -> Vec<[String; 6]> {
    let number = organisation.organisation.to_string();
    let name = organisation.name.clone();
    let suspended = |suspended: bool| {
        if suspended {
            "suspended".to_owned()
        } else {
            String::new()
        }
    };
    if organisation.accounts.is_empty() {
        return vec![[
            number,
            name,
            "–".into(),
            "–".into(),
            "–".into(),
            suspended(organisation.suspended),
        ]];
    }
    let row = |account: &ListedAccount| {
        let state = suspended(organisation.suspended || account.suspended);
        [
            number.clone(),
            name.clone(),
            account.account.to_string(),
            account.number.to_string(),
            account.team.clone(),
            state,
        ]
    };
    organisation.accounts.iter().map(row).collect()
}

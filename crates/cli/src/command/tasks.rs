use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::{Response, State};
use ayumi_contracts::Named;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use crate::read::{Catalogue, Task, Tasks, Tickets, Which};
use crate::session::Session;
use crate::text::{counted, table, time};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those in this state
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = PossibleValuesParser::new(State::ALL.iter().map(|(_, name)| *name)))]
    only: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let session = cx.session().await?;
        let tasks = Tasks::read(session.chain(), &Which::Of(session.account()?)).await?;
        let catalogue = Catalogue::read(session.chain()).await?;
        tell_of_tickets(&session, &catalogue).await?;
        let wanted = |task: &&Task| {
            self.only.is_empty() || self.only.iter().any(|state| state == task.state.name())
        };
        let tasks = tasks.tasks.values().filter(wanted).collect::<Vec<_>>();
        let rows = tasks
            .iter()
            .map(|task| row(&session, &catalogue, task))
            .collect::<Result<Vec<_>>>()?;
        let empty = if self.only.is_empty() {
            "the account has no tasks"
        } else {
            "no tasks match"
        };
        Ok(Answer::list(&rows, || text(&rows), empty))
    }
}

fn row(session: &Session, catalogue: &Catalogue, task: &Task) -> Result<Value> {
    let title = catalogue
        .products
        .get(&task.product)
        .map(|product| &product.listing.title);
    let file = session.written(task.id)?;
    Ok(json!({
        "task": task.id.to_string(),
        "product": task.product.to_string(),
        "title": title,
        "state": task.state.name(),
        "reason": task.reason,
        "deadline": task.deadline,
        "requestBlock": task.block,
        "deliveryBlock": task.delivered.map(|delivered| delivered.block),
        "feedback": task.feedback.is_some(),
        "answered": task.answer.is_some(),
        "newest": catalogue.newest(task.product).map(|newest| newest.id.to_string()),
        "response": task.answer.map(|said| said.response.name()),
        "notice": notice(catalogue, task),
        "file": file,
    }))
}

/// What the holder of a task should know of its product.
fn notice(catalogue: &Catalogue, task: &Task) -> Option<String> {
    let answered = task
        .answer
        .is_some_and(|said| said.response == Response::Revised);
    let newest = catalogue.newest(task.product)?.id;
    Some(if answered {
        format!("revised as {newest}, which answers your feedback")
    } else {
        format!("revised as {newest}")
    })
}

/// Tells who holds unspent tickets that there is a next edition.
async fn tell_of_tickets(session: &Session, catalogue: &Catalogue) -> Result<()> {
    let tickets = Tickets::read(session.chain(), session.account()?).await?.0;
    for (product, held) in tickets {
        if let Some(newest) = catalogue.newest(product) {
            let held = counted(held.saturating_to::<u64>(), "ticket");
            let note = format!(
                "note: you hold {held} of {product}, which was revised as {}",
                newest.id
            );
            session.observer().note(&note);
        }
    }
    Ok(())
}

fn text(rows: &[Value]) -> String {
    let cell = |row: &Value, key: &str| row[key].as_str().unwrap_or("–").to_owned();
    let rows = rows.iter().map(|row| {
        let dialogue = match (row["feedback"] == true, row["answered"] == true) {
            (_, true) => "answered",
            (true, _) => "given",
            _ => "–",
        };
        let state = cell(row, "state");
        let until = if state == "requested" {
            time(row["deadline"].as_u64().unwrap_or(0))
        } else {
            "–".into()
        };
        [
            cell(row, "task"),
            cell(row, "product"),
            cell(row, "title"),
            state,
            until,
            dialogue.into(),
            cell(row, "notice"),
            cell(row, "file"),
        ]
    });
    table(
        [
            "task", "product", "title", "state", "deadline", "feedback", "notice", "file",
        ],
        rows,
    )
}

/// A task's number, for the arguments of other commands.
pub(super) fn number(text: &str) -> Result<U256, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits {
        U256::from_str_radix(text, 10).ok()
    } else {
        None
    };
    number
        .filter(|number| !number.is_zero())
        .ok_or_else(|| "expected a task's number, such as 12".into())
}

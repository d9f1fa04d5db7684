use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::State;
use ayumi_contracts::Named;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use crate::read::{Catalogue, Task, Tasks, Which};
use crate::session::Session;
use crate::text::{table, time};

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
        "file": file,
    }))
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
            cell(row, "file"),
        ]
    });
    table(
        [
            "task", "product", "title", "state", "deadline", "feedback", "file",
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

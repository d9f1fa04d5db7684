use serde_json::{Value, json};

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use crate::read::{Catalogue, Product, Status, Task};
use crate::session::Session;
use crate::text::{table, time};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// List also what is still as it was
    #[arg(long)]
    all: bool,
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        let session = cx.session().await?;
        let (catalogue, tasks) = session.consumed().await?;
        let mut rows = Vec::new();
        for task in &tasks {
            let product = catalogue.find(task.product)?;
            let changes = changes(&catalogue, product);
            if self.all || !changes.is_empty() {
                rows.push(row(&session, &catalogue, task, product, &changes)?);
            }
        }
        let empty = if self.all {
            "nothing was delivered to the account"
        } else {
            "all that was delivered to the account is still valid, and the newest edition"
        };
        Ok(Answer::list(&rows, || text(&rows), empty))
    }
}

/// What has become of a product, in words: `expired`, `revised`, `withdrawn`.
fn changes(catalogue: &Catalogue, product: &Product) -> Vec<&'static str> {
    let expired = product.is_expired(catalogue.head.timestamp);
    let mut changes = Vec::new();
    changes.extend(expired.then_some("expired"));
    changes.extend((product.status != Status::OnSale).then_some(product.status.name()));
    changes
}

fn row(
    session: &Session,
    catalogue: &Catalogue,
    task: &Task,
    product: &Product,
    changes: &[&str],
) -> Result<Value> {
    let until = product.context.valid_until;
    Ok(json!({
        "task": task.id.to_string(),
        "product": product.id.to_string(),
        "title": product.listing.title,
        "changes": changes,
        "validUntil": (until != 0).then_some(until),
        "newest": catalogue.newest(product.id).map(|newest| newest.id.to_string()),
        "file": session.written(task.id)?,
    }))
}

fn text(rows: &[Value]) -> String {
    let cell = |row: &Value, key: &str| row[key].as_str().unwrap_or("–").to_owned();
    let rows = rows.iter().map(|row| {
        let changes = row["changes"].as_array().into_iter().flatten();
        let changes = changes.filter_map(Value::as_str).collect::<Vec<_>>();
        [
            cell(row, "task"),
            cell(row, "product"),
            cell(row, "title"),
            if changes.is_empty() {
                "–".into()
            } else {
                changes.join(", ")
            },
            time(row["validUntil"].as_u64().unwrap_or(0)),
            cell(row, "newest"),
            cell(row, "file"),
        ]
    });
    table(
        [
            "task",
            "product",
            "title",
            "since then",
            "valid until",
            "newest",
            "file",
        ],
        rows,
    )
}

use alloy::primitives::Address;
use serde_json::json;

use crate::cx::Cx;
use crate::error::Result;
use crate::output::Answer;
use crate::text::{ether, pairs};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Balance>,
}

#[derive(Debug, clap::Subcommand)]
enum Balance {
    /// Pay the credit out
    Collect {
        /// Who gets it [default: the account]
        #[arg(long, value_name = "ADDRESS", value_parser = crate::args::address)]
        to: Option<Address>,
    },
}

impl Args {
    pub(crate) async fn run(self, cx: &Cx) -> Result<Answer> {
        match self.command {
            None => show(cx).await,
            Some(Balance::Collect { to }) => collect(cx, to).await,
        }
    }
}

async fn show(cx: &Cx) -> Result<Answer> {
    let balance = cx.session().await?.balance().await?;
    let tickets = &balance.tickets.0;
    let rows = tickets.iter().map(
        |(product, count)| json!({ "product": product.to_string(), "tickets": count.to_string() }),
    );
    let document = json!({
        "account": balance.account,
        "wei": balance.wei.to_string(),
        "credit": balance.credit.to_string(),
        "tickets": rows.collect::<Vec<_>>(),
    });
    let counts = tickets
        .iter()
        .map(|(product, count)| format!("{count} of {product}"))
        .collect::<Vec<_>>();
    let text = pairs([
        ("account", balance.account.to_string()),
        ("money", format!("{} ether", ether(balance.wei))),
        ("credit", format!("{} ether", ether(balance.credit))),
        (
            "tickets",
            if counts.is_empty() {
                "none".into()
            } else {
                counts.join(", ")
            },
        ),
    ]);
    Ok(Answer::new(&document, text))
}

async fn collect(cx: &Cx, to: Option<Address>) -> Result<Answer> {
    let sent = cx.session().await?.collect(to).await?;
    let (amount, transaction) = sent.result;
    let document = json!({ "collected": amount.to_string(), "transaction": transaction });
    Ok(Answer::new(&document, format!("collected {} ether", ether(amount))).after(sent.mined))
}

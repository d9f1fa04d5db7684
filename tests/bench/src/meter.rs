//! Where the solver's time goes, out of its own counters.

use std::collections::BTreeMap;

use eyre::Result;

/// Seconds that each step took so far.
pub struct Steps(BTreeMap<String, f64>);

impl Steps {
    /// As `GET /metrics` has them.
    pub async fn read(endpoint: &str) -> Result<Self> {
        let text = ayumi_chain::http(|client| client)?
            .get(format!("{endpoint}/metrics"))
            .send()
            .await?
            .text()
            .await?;
        let steps = text.lines().filter_map(|line| {
            let (step, seconds) = line.strip_prefix("ayumi_")?.split_once("_seconds_total ")?;
            Some((step.to_owned(), seconds.parse().ok()?))
        });
        Ok(Self(steps.collect()))
    }

    /// What was added since then.
    pub fn since(mut self, before: &Self) -> Self {
        for (step, seconds) in &mut self.0 {
            *seconds -= before.0.get(step).copied().unwrap_or_default();
        }
        self
    }

    /// The seconds of each step for one delivery.
    pub fn each(&self, deliveries: u64) -> Vec<(String, f64)> {
        #[allow(clippy::cast_precision_loss)] // a count of deliveries
        let count = deliveries.max(1) as f64;
        self.0
            .iter()
            .map(|(step, seconds)| (step.clone(), seconds / count))
            .collect()
    }
}

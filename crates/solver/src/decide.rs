//! What to do about the open tasks: a function of what is known, that sees no provider, clock or disk.

use ayumi_contracts::ICTIOperator::DeclineReason;

/// An open task of one of the solver's products, as far as the decision goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenTask {
    /// Its id.
    pub id: u64,
    /// From when anyone may cancel it, in Unix seconds.
    pub deadline: u64,
    /// Whether the product's producer handed the payload in.
    pub has_asset: bool,
    /// Whether its key is drawn and stored.
    pub is_prepared: bool,
    /// Whether the consumer's receipt is stored.
    pub has_receipt: bool,
}

/// What time it is, and how close to a deadline no key is shown any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Unix seconds.
    pub now: u64,
    /// Seconds.
    pub margin: u64,
}

/// What to do, in the order of the tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Draw a key for these.
    pub prepare: Vec<u64>,
    /// Reveal the keys of these.
    pub deliver: Vec<u64>,
    /// Give the tickets of these back.
    pub decline: Vec<(u64, DeclineReason)>,
}

/// Decides about every open task.
///
/// A key that is sent while its task can still be cancelled gives the data away; so nothing is sent from `margin` before
/// the deadline on. What is not delivered by then, anyone can cancel.
pub fn decide(tasks: &[OpenTask], clock: Clock) -> Plan {
    let mut plan = Plan::default();
    for task in tasks
        .iter()
        .filter(|task| clock.now.saturating_add(clock.margin) < task.deadline)
    {
        match task {
            OpenTask {
                has_receipt: true, ..
            } => plan.deliver.push(task.id),
            OpenTask {
                is_prepared: true, ..
            } => {}
            OpenTask {
                has_asset: true, ..
            } => plan.prepare.push(task.id),
            OpenTask { .. } => plan.decline.push((task.id, DeclineReason::AssetMissing)),
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: Clock = Clock {
        now: 1_000,
        margin: 100,
    };
    const NEW: OpenTask = OpenTask {
        id: 7,
        deadline: 2_000,
        has_asset: true,
        is_prepared: false,
        has_receipt: false,
    };

    fn plan(task: OpenTask) -> Plan {
        decide(&[task], CLOCK)
    }

    #[test]
    fn a_new_task_is_prepared() {
        assert_eq!(
            plan(NEW),
            Plan {
                prepare: vec![7],
                ..Plan::default()
            }
        );
    }

    #[test]
    fn a_prepared_task_waits_for_its_receipt() {
        assert_eq!(
            plan(OpenTask {
                is_prepared: true,
                ..NEW
            }),
            Plan::default()
        );
    }

    #[test]
    fn a_task_with_a_receipt_is_delivered() {
        let task = OpenTask {
            is_prepared: true,
            has_receipt: true,
            ..NEW
        };
        assert_eq!(
            plan(task),
            Plan {
                deliver: vec![7],
                ..Plan::default()
            }
        );
    }

    #[test]
    fn a_task_without_an_asset_is_declined() {
        let task = OpenTask {
            has_asset: false,
            ..NEW
        };
        assert_eq!(
            plan(task),
            Plan {
                decline: vec![(7, DeclineReason::AssetMissing)],
                ..Plan::default()
            }
        );
    }

    #[test]
    fn no_key_is_shown_close_to_the_deadline() {
        let ready = OpenTask {
            is_prepared: true,
            has_receipt: true,
            ..NEW
        };
        assert_eq!(
            plan(OpenTask {
                deadline: 1_100,
                ..ready
            }),
            Plan::default()
        );
        assert_eq!(
            plan(OpenTask {
                deadline: 1_101,
                ..ready
            })
            .deliver,
            [7]
        );
        assert_eq!(
            plan(OpenTask {
                deadline: 0,
                ..ready
            }),
            Plan::default()
        );
    }
}

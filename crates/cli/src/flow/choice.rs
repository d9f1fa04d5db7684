//! Which of the account's tasks to take up for a product, or whether to spend a ticket.

use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::State;

use crate::read::Task;

/// What to do for a product.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// This task is open, or was delivered and never written.
    TakeUp(U256),
    /// Spend a ticket.
    Redeem,
}

/// Chooses among the account's tasks for a product, in the order of their requests. A settled task whose data was found
/// wrong is past help, and no reason to wait.
pub(super) fn choose<'a>(
    tasks: impl Iterator<Item = &'a Task> + Clone,
    is_written: impl Fn(U256) -> bool,
    is_wrong: impl Fn(U256) -> bool,
) -> Choice {
    let open = tasks.clone().find(|task| task.state == State::Requested);
    let mut unwritten = tasks.filter(|task| match task.state {
        State::Delivered => !is_written(task.id),
        State::Settled => !is_written(task.id) && !is_wrong(task.id),
        _ => false,
    });
    open.or_else(|| unwritten.next())
        .map_or(Choice::Redeem, |task| Choice::TakeUp(task.id))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use ayumi_contracts::ICTIOperator::TaskRequested;

    use super::*;

    fn task(number: u64, state: State) -> Task {
        let event = TaskRequested {
            task: U256::from(number),
            product: U256::from((1 << 24) + 1),
            consumer: alloy::primitives::Address::ZERO,
            oneTimeKey: B256::ZERO,
            nonce: B256::ZERO,
            deadline: 0,
        };
        Task {
            state,
            ..Task::of(&event, 1).unwrap()
        }
    }

    #[test]
    fn an_open_task_comes_first_then_what_was_never_written_then_a_ticket() {
        let tasks = [
            task(1, State::Refunded),
            task(2, State::Delivered),
            task(3, State::Settled),
            task(4, State::Requested),
            task(5, State::Cancelled),
        ];
        let take_up = |number: u64| Choice::TakeUp(U256::from(number));
        let written = |numbers: &'static [u64]| {
            move |task: U256| numbers.iter().any(|number| task == U256::from(*number))
        };
        assert_eq!(choose(tasks.iter(), written(&[]), written(&[])), take_up(4));
        assert_eq!(
            choose(tasks[..3].iter(), written(&[]), written(&[])),
            take_up(2)
        );
        assert_eq!(
            choose(tasks[..3].iter(), written(&[2]), written(&[])),
            take_up(3)
        );
        assert_eq!(
            choose(tasks[..3].iter(), written(&[2, 3]), written(&[])),
            Choice::Redeem
        );
        assert_eq!(
            choose([].iter(), written(&[]), written(&[])),
            Choice::Redeem
        );
    }

    #[test]
    fn wrong_data_is_shown_until_it_is_past_help() {
        let wrong = |_: U256| true;
        let never = |_: U256| false;
        assert_eq!(
            choose([task(1, State::Delivered)].iter(), never, wrong),
            Choice::TakeUp(U256::ONE)
        );
        assert_eq!(
            choose([task(1, State::Settled)].iter(), never, wrong),
            Choice::Redeem
        );
    }
}

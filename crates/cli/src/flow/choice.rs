//! Which of the account's tasks to take up for a product, or whether to spend a ticket.

use alloy::primitives::U256;
use ayumi_contracts::ICTIOperator::State;

use crate::read::Task;

/// What to do for a product.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// This task is open, or was delivered and never written.
    TakeUp(U256),
    /// This task was delivered and written before: write its document again.
    WriteAgain(U256),
    /// Spend a ticket.
    Redeem,
}

/// Chooses among the account's tasks for a product, in the order of their requests. A settled task whose data was found
/// wrong is past help, and no reason to wait. What is written already is written again, unless `another` delivery is asked
/// for.
pub(super) fn choose<'a>(
    tasks: impl Iterator<Item = &'a Task> + Clone,
    is_written: impl Fn(U256) -> bool,
    is_wrong: impl Fn(U256) -> bool,
    another: bool,
) -> Choice {
    let open = tasks.clone().find(|task| task.state == State::Requested);
    let mut unwritten = tasks.clone().filter(|task| match task.state {
        State::Delivered => !is_written(task.id),
        State::Settled => !is_written(task.id) && !is_wrong(task.id),
        _ => false,
    });
    if let Some(task) = open.or_else(|| unwritten.next()) {
        return Choice::TakeUp(task.id);
    }
    let is_here = |task: &&Task| {
        matches!(task.state, State::Delivered | State::Settled)
            && is_written(task.id)
            && !is_wrong(task.id)
    };
    match tasks.filter(is_here).last() {
        Some(task) if !another => Choice::WriteAgain(task.id),
        _ => Choice::Redeem,
    }
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
        let never = written(&[]);
        for another in [false, true] {
            let choose =
                |tasks: &[Task], numbers| choose(tasks.iter(), written(numbers), never, another);
            assert_eq!(choose(&tasks, &[]), take_up(4));
            assert_eq!(choose(&tasks[..3], &[]), take_up(2));
            assert_eq!(choose(&tasks[..3], &[2]), take_up(3));
            assert_eq!(choose(&tasks[..1], &[]), Choice::Redeem);
            assert_eq!(choose(&[], &[]), Choice::Redeem);
        }
    }

    #[test]
    fn what_is_written_is_written_again_unless_another_is_asked_for() {
        let tasks = [
            task(1, State::Settled),
            task(2, State::Delivered),
            task(3, State::Refunded),
        ];
        let (always, never) = (|_: U256| true, |_: U256| false);
        let again = |number: u64| Choice::WriteAgain(U256::from(number));
        assert_eq!(choose(tasks.iter(), always, never, false), again(2));
        assert_eq!(choose(tasks[..1].iter(), always, never, false), again(1));
        assert_eq!(
            choose(tasks[2..].iter(), always, never, false),
            Choice::Redeem
        );
        assert_eq!(choose(tasks.iter(), always, never, true), Choice::Redeem);
    }

    #[test]
    fn wrong_data_is_shown_until_it_is_past_help() {
        let wrong = |_: U256| true;
        let never = |_: U256| false;
        assert_eq!(
            choose([task(1, State::Delivered)].iter(), never, wrong, false),
            Choice::TakeUp(U256::ONE)
        );
        assert_eq!(
            choose([task(1, State::Settled)].iter(), never, wrong, false),
            Choice::Redeem
        );
    }
}

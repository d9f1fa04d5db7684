//! How far the chain was read, what it changed, and what a reorg takes back.

use ayumi_solver::store::{self, Change};

use crate::fixture::{
    CONSUMER, ONE_TIME_KEY, PRODUCER, PRODUCT, SOLVER, acknowledged, advance, cursor, deliverable,
    due, ended, ending, flying, fresh, go_back, job, log, open_ids, post, prepared, product, read,
    receipt, run, signed, task, with_tasks,
};

#[tokio::test]
async fn going_back_opens_what_ended_since_and_closes_what_began_since() {
    let (_folder, store) = with_tasks([task(1)]).await;
    let changes = vec![ended(1, "delivered"), Change::Requested(task(2))];
    advance(&store, 2, changes).await;
    assert_eq!(open_ids(&store).await, [2]);
    go_back(&store, 1).await;
    assert_eq!(open_ids(&store).await, [1]);
    assert_eq!(ending(&store, 2).await.as_deref(), Some("vanished"));
    assert_eq!(run(&store, store::cursor).await, Some(cursor(1)));
    assert_eq!(run(&store, store::task_count).await, 1);
    // Twice is as once.
    go_back(&store, 1).await;
    assert_eq!(open_ids(&store).await, [1]);
}

#[tokio::test]
async fn going_back_forgets_products() {
    let (_folder, store) = fresh();
    advance(&store, 1, vec![]).await;
    advance(&store, 2, vec![Change::Published(product())]).await;
    advance(&store, 3, vec![Change::Requested(task(1))]).await;
    go_back(&store, 1).await;
    assert!(job(&store, 1).await.is_none());
    let again = vec![Change::Published(product()), Change::Requested(task(1))];
    advance(&store, 2, again).await;
    assert_eq!(open_ids(&store).await, [1]);
}

#[tokio::test]
async fn members_are_known_while_neither_they_nor_their_organisation_are_suspended() {
    let (_folder, store) = fresh();
    let organisation = 7;
    let account = |suspended| Change::AccountSuspensionSet {
        account: PRODUCER,
        suspended,
    };
    let all = |suspended| Change::OrganisationSuspensionSet {
        organisation,
        suspended,
    };
    let enrolled = Change::Enrolled {
        account: PRODUCER,
        organisation,
    };
    let is_member = async || run(&store, |db| store::is_member(db, PRODUCER)).await;
    advance(&store, 1, vec![]).await;
    assert!(!is_member().await);
    let blocks = [
        (vec![enrolled], true),
        (vec![account(true)], false),
        (vec![all(true)], false),
        (vec![account(false)], false),
        // The last word of a block is the one that counts.
        (vec![all(false), all(true), all(false)], true),
    ];
    let mut seen = vec![false];
    for (block, (changes, expected)) in (2..).zip(blocks) {
        advance(&store, block, changes).await;
        seen.push(is_member().await);
        assert_eq!(seen.last(), Some(&expected), "block {block}");
    }
    for block in (1..6).rev() {
        go_back(&store, block).await;
        assert_eq!(is_member().await, seen[usize::try_from(block).unwrap() - 1]);
    }
}

#[tokio::test]
async fn going_back_takes_back_assignments() {
    let (_folder, store) = with_tasks([task(1)]).await;
    let to = |solver| Change::Assigned {
        product: PRODUCT,
        solver,
    };
    advance(&store, 2, vec![to(CONSUMER)]).await;
    advance(&store, 3, vec![to(SOLVER)]).await;
    advance(&store, 4, vec![to(CONSUMER)]).await;
    assert!(open_ids(&store).await.is_empty());
    go_back(&store, 3).await;
    assert_eq!(open_ids(&store).await, [1]);
    go_back(&store, 2).await;
    assert!(open_ids(&store).await.is_empty());
    go_back(&store, 1).await;
    assert_eq!(open_ids(&store).await, [1]);
}

#[tokio::test]
async fn going_back_takes_back_acknowledgements_and_keeps_keys() {
    let (_folder, store) = with_tasks([task(1)]).await;
    run(&store, |db| {
        store::prepare(db, 1, &ONE_TIME_KEY, &prepared(7))
    })
    .await;
    advance(&store, 2, vec![acknowledged(1, 7)]).await;
    assert_eq!(deliverable(&store, due()).await, [1]);
    go_back(&store, 1).await;
    assert!(deliverable(&store, due()).await.is_empty());
    let job = job(&store, 1).await.unwrap();
    assert_eq!(job.prepared.unwrap().key.as_bytes(), &[7; 32]);
    advance(&store, 2, vec![acknowledged(1, 7)]).await;
    assert_eq!(deliverable(&store, due()).await, [1]);
}

#[tokio::test]
async fn going_back_puts_own_transactions_back() {
    let (_folder, store) = with_tasks([task(1), task(2)]).await;
    receipt(&store, 1).await;
    receipt(&store, 2).await;
    post(&store, 0, 1, &[1]).await;
    post(&store, 1, 2, &[2]).await;
    let delivered = |id| vec![ended(id, "delivered")];
    read(&store, 2, signed(0, 1).hash, delivered(1), 0).await;
    read(&store, 3, signed(1, 2).hash, delivered(2), 0).await;
    assert!(flying(&store).await.is_empty());
    go_back(&store, 2).await;
    assert_eq!(flying(&store).await, [1]);
    // Its task is open again, and waits for it.
    assert_eq!(open_ids(&store).await, [2]);
    assert!(deliverable(&store, due()).await.is_empty());
    assert_eq!(run(&store, |db| store::tasks_of(db, 1)).await, [2]);
    // In another block this time; then nothing is left to do.
    advance(&store, 3, vec![]).await;
    read(&store, 4, signed(1, 2).hash, delivered(2), 0).await;
    assert!(flying(&store).await.is_empty());
    assert!(open_ids(&store).await.is_empty());
}

#[tokio::test]
async fn checkpoints_are_kept_for_a_while() {
    let (_folder, store) = fresh();
    for number in 1..=300 {
        advance(&store, number, vec![]).await;
    }
    let kept = run(&store, store::checkpoints).await;
    let expected: Vec<_> = (45..=300).rev().map(cursor).collect();
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn what_was_overlooked_is_found() {
    let (_folder, store) = fresh();
    let requested = |id| vec![Change::Requested(task(id))];
    advance(&store, 1, vec![Change::Published(product())]).await;
    advance(&store, 2, requested(2)).await;
    advance(&store, 3, requested(5)).await;
    advance(&store, 4, requested(6)).await;
    let overlooked =
        async |count, limit| run(&store, move |db| store::overlooked(db, count, limit)).await;
    let (first, last) = ((1, 0, Some(2)), (7, 4, None));
    let middle = [(3, 2, Some(3)), (4, 2, Some(3))];
    assert_eq!(overlooked(7, 9).await, [first, middle[0], middle[1], last]);
    assert_eq!(overlooked(6, 2).await, [first, middle[0]]);

    // Their logs are written, and the cursor stays.
    let found = vec![
        log(2, signed(0, 1).hash, Change::Requested(task(1))),
        log(4, signed(0, 1).hash, ended(1, "cancelled")),
    ];
    run(&store, move |db| store::amend(db, &found)).await;
    assert_eq!(overlooked(6, 9).await, middle);
    assert_eq!(ending(&store, 1).await.as_deref(), Some("cancelled"));
    assert_eq!(run(&store, store::cursor).await, Some(cursor(4)));
}

#[tokio::test]
async fn a_task_that_vanished_is_overlooked_until_it_comes_again() {
    let (_folder, store) = with_tasks([task(1)]).await;
    advance(&store, 2, vec![Change::Requested(task(2))]).await;
    go_back(&store, 1).await;
    let overlooked = async || run(&store, |db| store::overlooked(db, 2, 9)).await;
    assert_eq!(overlooked().await, [(2, 1, None)]);
    advance(&store, 2, vec![Change::Requested(task(2))]).await;
    assert!(overlooked().await.is_empty());
}

#[tokio::test]
async fn logs_that_are_read_again_change_nothing() {
    let (_folder, store) = with_tasks([task(1)]).await;
    receipt(&store, 1).await;
    post(&store, 0, 1, &[1]).await;
    let again = vec![log(1, signed(9, 9).hash, Change::Requested(task(1)))];
    run(&store, move |db| store::amend(db, &again)).await;
    assert!(deliverable(&store, due()).await.is_empty());
    assert_eq!(run(&store, |db| store::tasks_of(db, 0)).await, [1]);
    assert_eq!(open_ids(&store).await, [1]);
}

#[tokio::test]
async fn own_transactions_are_found_among_overlooked_logs() {
    let (_folder, store) = with_tasks([task(1)]).await;
    receipt(&store, 1).await;
    post(&store, 0, 1, &[1]).await;
    advance(&store, 2, vec![]).await;
    let found = vec![log(2, signed(0, 1).hash, ended(1, "delivered"))];
    run(&store, move |db| store::amend(db, &found)).await;
    assert!(flying(&store).await.is_empty());
    assert!(open_ids(&store).await.is_empty());
}

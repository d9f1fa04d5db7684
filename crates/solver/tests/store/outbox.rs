//! Transactions, from before they are sent until they are final.

use ayumi_solver::store::{self, Change, NEVER, Outgoing};

use crate::fixture::{
    ROOT, advance, cursor, deliverable, due, ended, flying, fresh, outbox, outgoing, post, read,
    receipt, run, signed, task, with_tasks,
};

#[tokio::test]
async fn a_nonce_holds_one_transaction() {
    let (_folder, store) = fresh();
    post(&store, 5, 1, &[]).await;
    let again = store.with(|db| store::post(db, &outgoing(5, 2), &[])).await;
    assert!(again.is_err());
    assert_eq!(outbox(&store).await, [outgoing(5, 1)]);
    run(&store, |db| store::mined(db, 5, 1)).await;
    assert!(outbox(&store).await.is_empty());
}

#[tokio::test]
async fn a_post_that_fails_claims_nothing() {
    let (_folder, store) = with_tasks([task(1)]).await;
    receipt(&store, 1).await;
    post(&store, 5, 1, &[]).await;
    // The nonce is free, its bytes are not.
    let failed = store
        .with(|db| store::post(db, &outgoing(6, 1), &[1]))
        .await;
    assert!(failed.is_err());
    assert_eq!(flying(&store).await, [5]);
    assert_eq!(deliverable(&store, due()).await, [1]);
}

#[tokio::test]
async fn the_next_nonce_is_after_all_that_are_stored() {
    let (_folder, store) = fresh();
    assert_eq!(run(&store, store::next_nonce).await, 0);
    post(&store, 7, 1, &[]).await;
    post(&store, 5, 2, &[]).await;
    assert_eq!(flying(&store).await, [5, 7]);
    assert_eq!(run(&store, store::next_nonce).await, 8);
    // One that was mined counts until it is forgotten.
    run(&store, |db| store::mined(db, 7, 3)).await;
    assert_eq!(flying(&store).await, [5]);
    assert_eq!(run(&store, store::next_nonce).await, 8);
}

#[tokio::test]
async fn all_that_was_signed_for_a_nonce_is_kept_in_order() {
    let (_folder, store) = fresh();
    post(&store, 5, 9, &[]).await;
    run(&store, |db| store::attempt(db, &signed(5, 3))).await;
    run(&store, |db| store::attempt(db, &signed(5, 6))).await;
    let attempts = outbox(&store).await.remove(0).attempts;
    assert_eq!(attempts, [signed(5, 9), signed(5, 3), signed(5, 6)]);
    // Any of them may be mined.
    let by = signed(5, 3).hash;
    read(&store, 1, by, vec![ended(99, "delivered")], 0).await;
    assert!(outbox(&store).await.is_empty());
}

#[tokio::test]
async fn an_attempt_needs_its_transaction() {
    let (_folder, store) = fresh();
    let orphan = store.with(|db| store::attempt(db, &signed(5, 3))).await;
    assert!(orphan.is_err());
}

#[tokio::test]
async fn what_is_not_posted_any_more_is_due_again() {
    let (_folder, store) = with_tasks([task(1), task(2)]).await;
    receipt(&store, 1).await;
    receipt(&store, 2).await;
    post(&store, 0, 1, &[1, 2]).await;
    assert_eq!(run(&store, |db| store::tasks_of(db, 0)).await, [1, 2]);
    assert!(deliverable(&store, due()).await.is_empty());
    run(&store, |db| store::mined(db, 0, 1)).await;
    assert!(outbox(&store).await.is_empty());
    assert_eq!(deliverable(&store, due()).await, [1, 2]);
}

#[tokio::test]
async fn a_mined_transaction_releases_the_tasks_that_did_not_end() {
    let (_folder, store) = with_tasks([task(1), task(2)]).await;
    receipt(&store, 1).await;
    receipt(&store, 2).await;
    post(&store, 0, 1, &[1, 2]).await;
    let by = signed(0, 1).hash;
    read(&store, 2, by, vec![ended(1, "delivered")], 0).await;
    assert!(flying(&store).await.is_empty());
    assert_eq!(deliverable(&store, due()).await, [2]);
}

#[tokio::test]
async fn a_transaction_without_logs_releases_its_tasks_when_it_is_concluded() {
    let (_folder, store) = with_tasks([task(1)]).await;
    receipt(&store, 1).await;
    post(&store, 0, 1, &[1]).await;
    advance(&store, 2, vec![]).await;
    assert_eq!(flying(&store).await, [0]);
    run(&store, |db| store::mined(db, 0, 2)).await;
    assert!(flying(&store).await.is_empty());
    assert_eq!(deliverable(&store, due()).await, [1]);
}

#[tokio::test]
async fn what_a_node_has_is_never_too_late() {
    let (_folder, store) = with_tasks([task(1)]).await;
    receipt(&store, 1).await;
    post(&store, 0, 1, &[1]).await;
    post(&store, 1, 2, &[]).await;
    run(&store, |db| store::shown(db, 0)).await;
    let until = |flying: Vec<Outgoing>| flying.iter().map(|it| it.until).collect::<Vec<_>>();
    let given = outgoing(1, 2).until;
    assert_eq!(until(outbox(&store).await), [NEVER, given]);
    // What was mined, a node had, also where a reorg takes the block back before anything else was known.
    run(&store, |db| store::mined(db, 1, 2)).await;
    run(&store, |db| store::go_back(db, cursor(1))).await;
    assert_eq!(until(outbox(&store).await), [NEVER, NEVER]);
}

#[tokio::test]
async fn a_filler_releases_the_tasks_and_keeps_the_nonce() {
    let (_folder, store) = with_tasks([task(1)]).await;
    receipt(&store, 1).await;
    post(&store, 4, 1, &[1]).await;
    run(&store, |db| store::fill(db, &signed(4, 2), "nothing")).await;
    let filled = outbox(&store).await.remove(0);
    assert_eq!(filled.attempts, [signed(4, 1), signed(4, 2)]);
    assert!(filled.until > outgoing(4, 1).until);
    assert!(!filled.what.contains("deliver"), "{}", filled.what);
    assert_eq!(run(&store, store::next_nonce).await, 5);
    assert_eq!(deliverable(&store, due()).await, [1]);
    // What it stands for may be mined nevertheless.
    let by = signed(4, 1).hash;
    read(&store, 2, by, vec![ended(1, "delivered")], 0).await;
    assert!(flying(&store).await.is_empty());
    assert!(deliverable(&store, due()).await.is_empty());
}

#[tokio::test]
async fn what_is_settled_is_forgotten() {
    let (_folder, store) = with_tasks([task(1)]).await;
    for nonce in 0..3 {
        post(&store, nonce, u8::try_from(nonce).unwrap() + 1, &[]).await;
    }
    run(&store, |db| store::mined(db, 0, 5)).await;
    run(&store, |db| store::mined(db, 1, 6)).await;
    read(&store, 7, ROOT, vec![], 5).await;
    let known = "SELECT group_concat(nonce) FROM (SELECT nonce FROM outbox ORDER BY nonce)";
    let signed = "SELECT count(*) FROM attempt";
    let (known, signed) = run(&store, move |db| {
        let known: String = db.query_row(known, [], |row| row.get(0))?;
        let signed: u64 = db.query_row(signed, [], |row| row.get(0))?;
        Ok((known, signed))
    })
    .await;
    assert_eq!((known.as_str(), signed), ("1,2", 2));
}

#[tokio::test]
async fn transactions_of_others_are_none_of_ours() {
    let (_folder, store) = with_tasks([task(1)]).await;
    post(&store, 0, 1, &[1]).await;
    advance(&store, 2, vec![Change::Requested(task(2))]).await;
    assert_eq!(flying(&store).await, [0]);
}

//! Products, tasks, assets, and which tasks are due.

use alloy::primitives::Address;
use ayumi_contracts::ICTIOperator::DeclineReason;
use ayumi_solver::store::{self, Change, Due, Task};

use crate::fixture::{
    CONSUMER, ONE_TIME_KEY, PRODUCER, PRODUCT, SOLVER, acknowledged, add_asset, advance,
    deliverable, due, ended, go_back, job, key_of, open_ids, other_task, outgoing, post, prepared,
    product, read, receipt, refusable, run, seed, signature, signed, task, with_tasks,
};

#[tokio::test]
async fn a_key_that_was_drawn_is_never_drawn_again() {
    let (_folder, store) = with_tasks([task(1)]).await;
    assert!(
        run(&store, |db| store::prepare(
            db,
            1,
            &ONE_TIME_KEY,
            &prepared(7)
        ))
        .await
    );
    assert!(
        !run(&store, |db| store::prepare(
            db,
            1,
            &ONE_TIME_KEY,
            &prepared(8)
        ))
        .await
    );
    assert_eq!(key_of(&store, 1).await, Some([7; 32]));
}

#[tokio::test]
async fn a_payload_serves_its_own_producers_products_only() {
    let (_folder, store) = with_tasks([task(1)]).await;
    assert!(add_asset(&store, CONSUMER).await);
    assert!(
        run(&store, |db| store::seed(db, &product()))
            .await
            .is_none()
    );
    assert_eq!(refusable(&store, due()).await, [1]);
    assert!(add_asset(&store, PRODUCER).await);
    let stored = run(&store, |db| store::seed(db, &product())).await;
    assert_eq!(stored.unwrap().as_bytes(), seed().as_bytes());
    assert!(!add_asset(&store, PRODUCER).await);
    let bytes = run(&store, |db| store::payload_bytes(db, PRODUCER)).await;
    assert_eq!(bytes, product().payload_length);
}

#[tokio::test]
async fn only_the_assigned_solver_has_the_open_tasks() {
    let (_folder, store) = with_tasks([task(1), task(2)]).await;
    receipt(&store, 2).await;
    assert_eq!(open_ids(&store).await, [1, 2]);
    let assigned = Change::Assigned {
        product: PRODUCT,
        solver: CONSUMER,
    };
    advance(&store, 2, vec![assigned]).await;
    assert!(open_ids(&store).await.is_empty());
    assert!(job(&store, 1).await.is_none());
    assert!(deliverable(&store, due()).await.is_empty());
    assert!(refusable(&store, due()).await.is_empty());
}

#[tokio::test]
async fn a_task_that_comes_again_keeps_its_key_and_receipt_only_if_it_is_the_same() {
    let (_folder, store) = with_tasks([]).await;
    let requested = |first, second| vec![Change::Requested(first), Change::Requested(second)];
    advance(&store, 2, requested(task(1), task(2))).await;
    receipt(&store, 1).await;
    receipt(&store, 2).await;
    go_back(&store, 1).await;
    advance(&store, 2, requested(task(1), other_task(2))).await;
    assert_eq!(open_ids(&store).await, [1, 2]);
    assert_eq!(key_of(&store, 1).await, Some([7; 32]));
    assert_eq!(key_of(&store, 2).await, None);
    assert_eq!(deliverable(&store, due()).await, [1]);
}

#[tokio::test]
async fn what_was_drawn_for_a_task_is_not_for_another_of_its_number() {
    let (_folder, store) = with_tasks([other_task(1)]).await;
    let prepare = |key| run(&store, move |db| store::prepare(db, 1, &key, &prepared(7)));
    assert!(!prepare(ONE_TIME_KEY).await);
    assert_eq!(key_of(&store, 1).await, None);
    assert!(prepare(other_task(1).one_time_key).await);
    let root = prepared(8).ciphertext_root;
    run(&store, move |db| store::receive(db, 1, root, &signature())).await;
    assert!(deliverable(&store, due()).await.is_empty());
}

#[tokio::test]
async fn a_receipt_counts_for_what_was_drawn_only() {
    let (_folder, store) = with_tasks([task(1)]).await;
    run(&store, |db| {
        store::receive(db, 1, prepared(7).ciphertext_root, &signature())
    })
    .await;
    run(&store, |db| {
        store::prepare(db, 1, &ONE_TIME_KEY, &prepared(7))
    })
    .await;
    assert!(deliverable(&store, due()).await.is_empty());
}

#[tokio::test]
async fn an_acknowledgement_counts_for_what_was_drawn_only() {
    let (_folder, store) = with_tasks([task(1)]).await;
    advance(&store, 2, vec![acknowledged(1, 7)]).await;
    run(&store, |db| {
        store::prepare(db, 1, &ONE_TIME_KEY, &prepared(7))
    })
    .await;
    assert!(deliverable(&store, due()).await.is_empty());
    let mut other = acknowledged(1, 8);
    if let Change::Acknowledged {
        ciphertext_root, ..
    } = &mut other
    {
        *ciphertext_root = prepared(7).ciphertext_root;
    }
    advance(&store, 3, vec![other]).await;
    assert!(deliverable(&store, due()).await.is_empty());
    advance(&store, 4, vec![acknowledged(1, 7)]).await;
    assert_eq!(deliverable(&store, due()).await, [1]);
}

#[tokio::test]
async fn an_acknowledgement_counts_once_it_is_settled() {
    let (_folder, store) = with_tasks([task(1)]).await;
    run(&store, |db| {
        store::prepare(db, 1, &ONE_TIME_KEY, &prepared(7))
    })
    .await;
    advance(&store, 4, vec![acknowledged(1, 7)]).await;
    let at = |settled| Due { settled, ..due() };
    assert!(deliverable(&store, at(3)).await.is_empty());
    assert_eq!(deliverable(&store, at(4)).await, [1]);
}

#[tokio::test]
async fn a_signature_outlives_an_acknowledgement() {
    let (_folder, store) = with_tasks([task(1), task(2)]).await;
    // One is signed before it is acknowledged, the other afterwards.
    receipt(&store, 1).await;
    run(&store, |db| {
        store::prepare(db, 2, &ONE_TIME_KEY, &prepared(7))
    })
    .await;
    advance(&store, 2, vec![acknowledged(1, 7), acknowledged(2, 7)]).await;
    receipt(&store, 2).await;
    go_back(&store, 1).await;
    let receipted = run(&store, |db| store::deliverable(db, due())).await;
    assert_eq!(receipted.len(), 2);
    assert!(receipted.iter().all(|it| it.receipt == signature()));
}

#[tokio::test]
async fn those_with_the_least_time_are_delivered_first() {
    let by = |id, deadline| Task {
        deadline,
        ..task(id)
    };
    let (_folder, store) = with_tasks([by(1, 300), by(2, 100), by(3, 200), by(4, 400)]).await;
    for id in 1..=4 {
        receipt(&store, id).await;
    }
    assert_eq!(deliverable(&store, due()).await, [2, 3, 1, 4]);
    let some = Due { limit: 2, ..due() };
    assert_eq!(deliverable(&store, some).await, [2, 3]);
    let later = Due {
        horizon: 200,
        ..due()
    };
    assert_eq!(deliverable(&store, later).await, [1, 4]);
}

#[tokio::test]
async fn a_task_is_due_once_it_is_settled() {
    let (_folder, store) = with_tasks([task(1)]).await;
    add_asset(&store, PRODUCER).await;
    advance(&store, 5, vec![Change::Requested(task(2))]).await;
    receipt(&store, 1).await;
    receipt(&store, 2).await;
    let at = |settled| Due { settled, ..due() };
    assert!(deliverable(&store, at(0)).await.is_empty());
    assert_eq!(deliverable(&store, at(4)).await, [1]);
    assert_eq!(deliverable(&store, at(5)).await, [1, 2]);
}

#[tokio::test]
async fn a_task_that_was_tried_in_vain_is_put_aside_for_longer_and_longer() {
    let (_folder, store) = with_tasks([task(1), task(2)]).await;
    receipt(&store, 1).await;
    run(&store, |db| store::refuse(db, 2, DeclineReason::KeyRefused)).await;
    let mut now = 1_000;
    for pause in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        run(&store, move |db| store::pause(db, &[1, 2], now)).await;
        let at = |now| Due { now, ..due() };
        assert!(deliverable(&store, at(now + pause - 1)).await.is_empty());
        assert!(refusable(&store, at(now + pause - 1)).await.is_empty());
        now += pause;
        assert_eq!(deliverable(&store, at(now)).await, [1]);
        assert_eq!(refusable(&store, at(now)).await, [2]);
    }
}

#[tokio::test]
async fn a_task_that_ended_is_not_due() {
    let (_folder, store) = with_tasks([task(1), task(2)]).await;
    receipt(&store, 1).await;
    advance(
        &store,
        2,
        vec![ended(1, "delivered"), ended(2, "cancelled")],
    )
    .await;
    assert!(deliverable(&store, due()).await.is_empty());
    assert!(refusable(&store, due()).await.is_empty());
    assert!(open_ids(&store).await.is_empty());
}

#[tokio::test]
async fn an_assets_arrival_clears_the_refusal_of_its_tasks() {
    let (_folder, store) = with_tasks([task(1), task(2)]).await;
    let refused = run(&store, |db| store::refusable(db, due())).await;
    let missing = DeclineReason::AssetMissing;
    assert_eq!(refused, [(1, missing), (2, missing)]);
    // The ticket of one is on its way back.
    post(&store, 0, 1, &[2]).await;
    add_asset(&store, PRODUCER).await;
    run(&store, |db| store::mined(db, 0, 1)).await;
    assert_eq!(refusable(&store, due()).await, [2]);
    // Who comes now is not refused at all.
    advance(&store, 2, vec![Change::Requested(task(3))]).await;
    assert_eq!(refusable(&store, due()).await, [2]);
}

#[tokio::test]
async fn a_task_that_cannot_be_served_is_refusable() {
    let (_folder, store) = with_tasks([]).await;
    add_asset(&store, PRODUCER).await;
    advance(&store, 2, vec![Change::Requested(task(1))]).await;
    assert!(refusable(&store, due()).await.is_empty());
    let damaged = DeclineReason::AssetDamaged;
    run(&store, move |db| store::refuse(db, 1, damaged)).await;
    let refused = run(&store, |db| store::refusable(db, due())).await;
    assert_eq!(refused, [(1, damaged)]);
}

#[tokio::test]
async fn a_consumer_gets_three_tickets_of_a_product_back() {
    let tasks = (1..=5).map(task);
    let other = Task {
        consumer: Address::repeat_byte(99),
        ..task(6)
    };
    let (_folder, store) = with_tasks(tasks.chain([other])).await;
    advance(&store, 2, vec![ended(1, "declined"), ended(2, "declined")]).await;
    assert_eq!(refusable(&store, due()).await, [3, 4, 5, 6]);
    // One that is on its way back counts, and is the last.
    post(&store, 0, 1, &[3]).await;
    assert_eq!(refusable(&store, due()).await, [6]);
    read(&store, 3, signed(0, 1).hash, vec![ended(3, "declined")], 3).await;
    assert_eq!(refusable(&store, due()).await, [6]);
}

#[tokio::test]
async fn tasks_in_the_outbox_are_not_due() {
    let (_folder, store) = with_tasks((1..=4).map(task)).await;
    receipt(&store, 1).await;
    receipt(&store, 2).await;
    post(&store, 0, 1, &[1]).await;
    post(&store, 1, 2, &[3]).await;
    assert_eq!(deliverable(&store, due()).await, [2]);
    assert_eq!(refusable(&store, due()).await, [4]);
}

#[tokio::test]
async fn a_transaction_claims_no_task_of_another() {
    let (_folder, store) = with_tasks([task(1)]).await;
    receipt(&store, 1).await;
    post(&store, 0, 1, &[1]).await;
    run(&store, |db| store::post(db, &outgoing(1, 2), &[1])).await;
    run(&store, |db| store::mined(db, 1, 1)).await;
    assert!(deliverable(&store, due()).await.is_empty());
}

#[tokio::test]
async fn open_tasks_come_page_by_page() {
    let (_folder, store) = with_tasks((1..=5).map(task)).await;
    advance(&store, 2, vec![ended(2, "cancelled")]).await;
    let page = run(&store, |db| store::open_tasks(db, SOLVER, 0, 2)).await;
    assert_eq!(page, [(1, 1), (3, 1)]);
    let page = run(&store, |db| store::open_tasks(db, SOLVER, 4, 9)).await;
    assert_eq!(page, [(4, 1), (5, 1)]);
}

#[tokio::test]
async fn a_note_takes_the_place_of_an_earlier_one() {
    let (_folder, store) = with_tasks([]).await;
    run(&store, |db| store::add_note(db, 1, "complaint", b"first")).await;
    run(&store, |db| store::add_note(db, 1, "complaint", b"second")).await;
    let note = run(&store, |db| store::note(db, 1, "complaint")).await;
    assert_eq!(note.as_deref(), Some(b"second".as_slice()));
    assert_eq!(run(&store, |db| store::note(db, 1, "answer")).await, None);
}

#[tokio::test]
async fn a_number_beyond_all_tasks_is_none() {
    let (_folder, store) = with_tasks([task(1)]).await;
    assert!(job(&store, u64::MAX).await.is_none());
}

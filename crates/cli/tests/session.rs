//! Flows that need a chain and no solver that works.

mod node;
mod support;

use alloy::primitives::{B256, U256};
use ayumi_chain::Call;
use ayumi_cli::read::{Catalogue, Tasks, Tickets, Which};
use ayumi_cli::{Error, Intent, Offer, Session, UseOptions};
use ayumi_contracts::{ICTIToken, ProductId};
use support::{World, nowhere, page, sample};

const FIRST: ProductId = ProductId {
    producer: 1,
    sequence: 1,
};

fn offer() -> Offer {
    Offer::read(&sample("kagerou-beacons.json")).unwrap()
}

fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.unwrap_err();
    assert!(!error.hint().is_empty(), "{error}");
    error.kind().to_owned()
}

/// Puts a product on sale for nothing, past all solvers.
async fn list(world: &World, producer: &Session, endpoint: &str) {
    let listing = ICTIToken::Listing {
        contentRoot: B256::repeat_byte(1),
        length: 9,
        stock: 9,
        solver: world.register_solver(endpoint).await,
        title: "Heron".into(),
        ..empty_listing()
    };
    let call = Call::new(
        world.chain.contracts().token,
        &ICTIToken::publishCall { listing },
    );
    producer
        .send(Intent::new("list", &()), &call)
        .await
        .unwrap()
        .recorded();
}

fn empty_listing() -> ICTIToken::Listing {
    ICTIToken::Listing {
        contentRoot: B256::ZERO,
        length: 0,
        price: alloy::primitives::Uint::ZERO,
        stock: 0,
        rewardBps: 0,
        solver: alloy::primitives::Address::ZERO,
        noteKey: B256::repeat_byte(9),
        uuid: alloy::primitives::B128::ZERO,
        context: ICTIToken::Context {
            validFrom: alloy::primitives::Uint::ZERO,
            validUntil: alloy::primitives::Uint::ZERO,
            level: ICTIToken::Level::Ioc,
            tlp: ICTIToken::Tlp::Unstated,
            pap: ICTIToken::Pap::Unstated,
            commercialUse: ICTIToken::CommercialUse::Unstated,
            audience: 255,
            directions: 255,
            controlPoints: u16::MAX,
            actions: u16::MAX,
            category: 200,
        },
        title: String::new(),
        description: String::new(),
    }
}

#[tokio::test]
async fn nothing_is_published_without_a_solver_that_has_the_document() {
    let world = World::new().await;
    let (member, stranger) = (world.account(true).await, world.account(false).await);
    assert_eq!(
        kind(stranger.publish(&offer(), None, None).await),
        "not-member"
    );
    assert_eq!(
        kind(member.publish(&offer(), None, None).await),
        "no-solver"
    );
    world.register_solver(&page()).await;
    assert_eq!(
        kind(member.publish(&offer(), None, None).await),
        "not-a-solver"
    );
    world.register_solver(&nowhere()).await;
    assert_eq!(
        kind(member.publish(&offer(), None, None).await),
        "no-solver",
        "two to choose from"
    );
    assert!(
        Catalogue::read(&world.chain)
            .await
            .unwrap()
            .products
            .is_empty()
    );
}

#[tokio::test]
async fn no_ticket_is_spent_on_a_solver_that_is_not_there() {
    for (endpoint, expected) in [
        (page(), "not-a-solver"),
        (nowhere(), "solver-unreachable"),
        ("ftp://x".into(), "bad-endpoint"),
    ] {
        let world = World::new().await;
        let (producer, consumer) = (world.account(true).await, world.account(true).await);
        list(&world, &producer, &endpoint).await;
        let options = UseOptions {
            file: Some(world.state.path().join("file")),
            buy: true,
            ..UseOptions::default()
        };
        assert_eq!(kind(consumer.use_product(FIRST, &options).await), expected);
        assert_eq!(
            kind(producer.use_product(FIRST, &options).await),
            "own-product"
        );
        let tickets = Tickets::read(&world.chain, consumer.account().unwrap())
            .await
            .unwrap();
        assert!(tickets.0.is_empty(), "nothing was bought");
        let tasks = Tasks::read(&world.chain, &Which::Of(consumer.account().unwrap()))
            .await
            .unwrap();
        assert!(tasks.tasks.is_empty());
    }
}

#[tokio::test]
async fn an_interrupted_purchase_is_taken_up_by_the_same_command_and_ended_by_another() {
    let world = World::new().await;
    let (producer, consumer) = (world.account(true).await, world.account(true).await);
    list(&world, &producer, &page()).await;
    let tickets = async || consumer.tickets(FIRST).await.unwrap();

    drop(consumer.buy(FIRST, 2, None).await.unwrap()); // as if killed before the result was printed
    let taken_up = consumer.buy(FIRST, 2, None).await.unwrap().recorded();
    assert_eq!((tickets().await, taken_up.quantity), (U256::from(2), 2));

    drop(consumer.buy(FIRST, 2, None).await.unwrap());
    let _ = consumer.buy(FIRST, 1, None).await.unwrap().recorded();
    assert_eq!(tickets().await, U256::from(5));
}

#[tokio::test]
async fn two_commands_of_one_account_wait_for_each_other() {
    let world = World::new().await;
    let (producer, consumer) = (world.account(true).await, world.account(true).await);
    list(&world, &producer, &page()).await;
    let buy = async |quantity| {
        consumer
            .buy(FIRST, quantity, None)
            .await
            .unwrap()
            .recorded()
    };
    let _ = tokio::join!(buy(1), buy(2), buy(1));
    assert_eq!(consumer.tickets(FIRST).await.unwrap(), U256::from(4));
    let refunded = consumer.refund(FIRST, None).await.unwrap().recorded();
    assert_eq!(
        (refunded.quantity, consumer.tickets(FIRST).await.unwrap()),
        (4, U256::ZERO)
    );
    assert_eq!(kind(consumer.refund(FIRST, None).await), "no-ticket");
    let product = Catalogue::product(&world.chain, FIRST).await.unwrap();
    assert_eq!(
        (product.sold, product.left()),
        (4, 9),
        "what comes back is on offer again"
    );
}

#[tokio::test]
async fn what_is_not_there_or_not_ours_is_named() {
    let world = World::new().await;
    let (producer, consumer) = (world.account(true).await, world.account(true).await);
    list(&world, &producer, &page()).await;
    let nothing = ProductId {
        producer: 1,
        sequence: 9,
    };
    let task = U256::from(7);
    assert_eq!(
        kind(consumer.buy(nothing, 1, None).await),
        "unknown-product"
    );
    assert_eq!(kind(consumer.buy(FIRST, 10, None).await), "out-of-stock");
    assert_eq!(kind(consumer.withdraw(FIRST).await), "not-producer");
    assert_eq!(kind(consumer.cancel(task).await), "unknown-task");
    assert_eq!(kind(consumer.collect(None).await), "no-credit");
    assert_eq!(
        kind(Session::reading(world.chain.clone()).collect(None).await),
        "no-account-set"
    );
    producer.withdraw(FIRST).await.unwrap().recorded();
    assert_eq!(kind(consumer.buy(FIRST, 1, None).await), "not-on-sale");
    assert_eq!(
        kind(world.account(false).await.buy(FIRST, 1, None).await),
        "not-on-sale"
    );
}

use crossover_core::{FractionalMillis, UnixMillis};
use crossover_rehearsal::ledger::{self, Verdict};
use crossover_rehearsal::load::Acknowledged;
use crossover_rehearsal::shop::{self, Mode};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{count, empty_database, shop_database};

async fn write(client: &Client, tokens: &[Uuid]) {
    client
        .execute(
            "insert into crossover_load.entries (token, client, seq, amount)
             select token, 1, ordinality, 1 from unnest($1::uuid[]) with ordinality token",
            &[&tokens],
        )
        .await
        .expect("entries are written");
}

fn promised(tokens: &[Uuid]) -> Vec<Acknowledged> {
    let line = |token: &Uuid| Acknowledged {
        token: *token,
        client: 1,
        seq: 1,
        stray: false,
        scheduled_ms: UnixMillis(0),
        latency_ms: FractionalMillis(1.0),
        held_ms: None,
        side: None,
    };
    tokens.iter().map(line).collect()
}

#[tokio::test]
async fn a_deleted_row_is_lost_and_a_doubled_one_duplicated() {
    let (_database, client) = empty_database().await;
    shop::create_schema(&client, Mode::LedgerOnly)
        .await
        .expect("the ledger");
    let tokens: Vec<Uuid> = std::iter::repeat_with(Uuid::new_v4).take(1_000).collect();
    write(&client, &tokens).await;
    let acknowledged = &promised(&tokens[..990]);
    let clean = ledger::verdict(acknowledged, &client, None)
        .await
        .expect("a verdict");
    let expected = Verdict {
        acknowledged: 990,
        present: 990,
        unacknowledged_present: 10,
        ..Verdict::default()
    };
    assert_eq!(clean, expected);
    assert!(clean.is_clean());

    client
        .execute(
            "delete from crossover_load.entries where token = $1",
            &[&tokens[3]],
        )
        .await
        .expect("a row is deleted");
    write(&client, &tokens[7..8]).await;
    let spoiled = ledger::verdict(acknowledged, &client, None)
        .await
        .expect("a verdict");
    let expected = Verdict {
        acknowledged: 990,
        present: 989,
        lost: 1,
        lost_tokens: vec![tokens[3]],
        duplicated: 1,
        duplicated_tokens: vec![tokens[7]],
        unacknowledged_present: 10,
        ..Verdict::default()
    };
    assert_eq!(spoiled, expected);
    assert!(!spoiled.is_clean());
}

#[tokio::test]
async fn a_write_that_only_the_other_side_holds_is_named() {
    let (_one, committed) = empty_database().await;
    let (_two, other) = empty_database().await;
    for client in [&committed, &other] {
        shop::create_schema(client, Mode::LedgerOnly)
            .await
            .expect("the ledger");
    }
    let (both, target_only, source_only) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    write(&committed, &[both, target_only]).await;
    write(&other, &[both, source_only]).await;
    let verdict = ledger::verdict(&promised(&[both, target_only]), &committed, Some(&other))
        .await
        .expect("a verdict");
    assert_eq!((verdict.lost, verdict.present), (0, 2));
    assert_eq!(verdict.only_on_other_side_tokens, [source_only]);
    assert!(
        !verdict.is_clean(),
        "a write was accepted there and not replicated"
    );
}

#[tokio::test]
async fn an_order_that_was_replicated_in_part_is_torn() {
    let (_database, client, _) = shop_database(100).await;
    client
        .batch_execute(
            "insert into crossover_load.entries (token, client, seq, amount, order_id)
             select gen_random_uuid(), 1, id, 1, id from shop.orders;
             delete from shop.payments where order_id = 17",
        )
        .await
        .expect("a payment is deleted");
    let verdict = ledger::verdict(&[], &client, None).await.expect("a verdict");
    assert_eq!((verdict.torn, verdict.unacknowledged_present), (1, 100));
    assert!(!verdict.is_clean());
}

#[tokio::test]
async fn thousands_of_lost_tokens_are_counted_and_twenty_are_listed() {
    let (_database, client) = empty_database().await;
    shop::create_schema(&client, Mode::LedgerOnly)
        .await
        .expect("the ledger");
    let tokens: Vec<Uuid> = std::iter::repeat_with(Uuid::new_v4).take(60_000).collect();
    let verdict = ledger::verdict(&promised(&tokens), &client, None)
        .await
        .expect("a verdict");
    assert_eq!((verdict.lost, verdict.lost_tokens.len()), (60_000, 20));
    assert_eq!(
        count(
            &client,
            "select count(*) from pg_class where relpersistence = 't'"
        )
        .await,
        0,
        "nothing stays"
    );
}

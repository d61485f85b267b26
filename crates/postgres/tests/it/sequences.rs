//! Sequences: every kind is read, and advanced beyond the position of the other side.

use crossover_core::{
    catalogue::SequenceFacts,
    ports::{Catalogue, PortError, Sequences},
};
use crossover_stand::postgres::Major;

use crate::side::{Side, everything};

const DDL: &str = "
    create sequence shop.plain;
    create sequence shop.cached cache 32;
    create sequence shop.down increment -5 minvalue -100000 maxvalue 100000 start 50000;
    create sequence shop.restarted;
    create sequence shop.fresh;
    create sequence shop.small as smallint;
    create sequence shop.\"Odd \"\"name\" increment 3;
    create table shop.t (id bigint generated always as identity, code bigint default nextval('shop.unowned'), s bigserial);
";

async fn with_sequences() -> Side {
    let side = Side::new().await;
    side.owner(&format!(
        "create sequence shop.unowned; {DDL}
         grant select, update on all sequences in schema shop to {}",
        side.own()
    ))
    .await;
    side
}

fn find<'a>(all: &'a [SequenceFacts], name: &str) -> &'a SequenceFacts {
    all.iter()
        .find(|s| s.name == name)
        .unwrap_or_else(|| panic!("{name} in {all:?}"))
}

async fn next(side: &Side, name: &str) -> Result<i64, tokio_postgres::Error> {
    let sql = "select nextval(format('shop.%I', $1::text)::regclass)";
    side.superuser()
        .await
        .query_one(sql, &[&name])
        .await
        .map(|row| row.get(0))
}

#[tokio::test]
async fn the_first_value_on_the_target_is_beyond_every_value_of_the_source() {
    let (source, target) = (with_sequences().await, with_sequences().await);
    let used = source.superuser().await;
    used.batch_execute(
        "select nextval('shop.plain') from generate_series(1, 10);
         select nextval('shop.cached');
         select nextval('shop.down') from generate_series(1, 3);
         alter sequence shop.restarted restart with 500;
         select setval('shop.small', 32760);
         select nextval('shop.\"Odd \"\"name\"') from generate_series(1, 4);
         insert into shop.t default values;",
    )
    .await
    .unwrap();
    let (from, to) = (source.crossover().await, target.crossover().await);
    let positions = from.sequences(&everything()).await.unwrap();
    let last = |name: &str| find(&positions, name).last_value;
    assert_eq!(positions.len(), 10);
    assert_eq!(
        (last("plain"), last("cached"), last("down")),
        (Some(10), Some(32), Some(49_990))
    );
    assert_eq!(
        (last("restarted"), last("fresh"), last("unowned")),
        (Some(499), None, Some(1))
    );
    assert_eq!(last("t_id_seq"), Some(1));
    let moved = to.advance_sequences(&positions, 100).await.unwrap();
    assert_eq!(
        moved,
        to.sequences(&everything()).await.unwrap(),
        "the answer has the stored positions"
    );
    assert_eq!(find(&moved, "fresh").last_value, None);
    assert_eq!(next(&target, "plain").await.unwrap(), 111);
    assert_eq!(next(&target, "cached").await.unwrap(), 133);
    assert_eq!(next(&target, "down").await.unwrap(), 49_990 - 505);
    assert_eq!(next(&target, "restarted").await.unwrap(), 600);
    assert_eq!(next(&target, "unowned").await.unwrap(), 102);
    assert_eq!(next(&target, "t_id_seq").await.unwrap(), 102);
    assert_eq!(next(&target, "Odd \"name").await.unwrap(), 10 + 303);
    assert_eq!(find(&moved, "small").last_value, Some(32_767));
    next(&target, "small")
        .await
        .expect_err("a sequence without CYCLE must refuse at its end");
}

/// A cycling sequence that has wrapped has a low value. The expected next values are read from the server.
#[tokio::test]
async fn a_cycling_sequence_continues_where_the_other_side_stopped() {
    const CYCLING: &str = "
        create sequence shop.tickets maxvalue 9999 cycle;
        create sequence shop.back increment -7 minvalue 1 maxvalue 9999 start 9999 cycle cache 3;
        create sequence shop.short maxvalue 10 cycle;
        create sequence shop.restarted_cycle minvalue 1 maxvalue 9999 start 50 cycle;";
    let (source, target) = tokio::join!(Side::on(Major::V15), Side::on(Major::V18));
    for side in [&source, &target] {
        side.owner(&format!(
            "{CYCLING} grant select, update on all sequences in schema shop to {}",
            side.own()
        ))
        .await;
    }
    source
        .owner(
            "select setval('shop.tickets', 9980), setval('shop.back', 20), setval('shop.short', 8);
             select nextval('shop.tickets') from generate_series(1, 139);
             select nextval('shop.back');
             alter sequence shop.restarted_cycle restart with 1;",
        )
        .await;
    target
        .owner("select setval('shop.tickets', 5000), setval('shop.back', 5000), setval('shop.short', 9)")
        .await;
    let positions = source.crossover().await.sequences(&everything()).await.unwrap();
    assert_eq!(find(&positions, "tickets").last_value, Some(120));
    let to = target.crossover().await;
    let moved = to.advance_sequences(&positions, 1_000).await.unwrap();
    assert_eq!(
        to.advance_sequences(&positions, 1_000).await.unwrap(),
        moved,
        "repeating changes nothing"
    );
    // The target's first value is the one that the source would hand out after the headroom (at most half of
    // the cycle).
    let ask = source.superuser().await;
    for (name, headroom) in [
        ("tickets", 1_000),
        ("back", 714),
        ("short", 5),
        ("restarted_cycle", 1_000),
    ] {
        let sql = format!(
            "alter sequence shop.{name} cache 1;
             select nextval('shop.{name}') from generate_series(1, {headroom})"
        );
        ask.batch_execute(&sql).await.unwrap();
        assert_eq!(
            next(&target, name).await.unwrap(),
            next(&source, name).await.unwrap(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_sequence_never_goes_back_and_repeating_changes_nothing() {
    let (source, target) = (with_sequences().await, with_sequences().await);
    source
        .owner("select setval('shop.plain', 10), setval('shop.down', 10)")
        .await;
    target
        .owner("select setval('shop.plain', 9000), setval('shop.down', -9000)")
        .await;
    let positions = source.crossover().await.sequences(&everything()).await.unwrap();
    let to = target.crossover().await;
    let moved = to.advance_sequences(&positions, 100).await.unwrap();
    assert_eq!(
        (find(&moved, "plain").last_value, find(&moved, "down").last_value),
        (Some(9000), Some(-9000))
    );
    assert_eq!(to.advance_sequences(&positions, 100).await.unwrap(), moved);
    assert!(to.advance_sequences(&[], 100).await.unwrap().is_empty());
}

#[tokio::test]
async fn all_missing_sequences_are_named() {
    let (source, target) = (with_sequences().await, with_sequences().await);
    target
        .owner("drop sequence shop.plain; drop sequence shop.down")
        .await;
    let positions = source.crossover().await.sequences(&everything()).await.unwrap();
    let error = target
        .crossover()
        .await
        .advance_sequences(&positions, 1)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, PortError::Missing { what } if what.contains("shop.down, shop.plain")),
        "{error}"
    );
}

#[tokio::test]
async fn an_unreadable_sequence_is_an_error() {
    let side = with_sequences().await;
    side.owner(&format!(
        "revoke all on sequence shop.plain, shop.down from {}",
        side.own()
    ))
    .await;
    let error = side
        .crossover()
        .await
        .sequences(&everything())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("shop.down, shop.plain") && error.contains("grant select"),
        "{error}"
    );
}

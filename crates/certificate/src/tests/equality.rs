//! Only equal databases can be certified.

use super::*;

/// A change to an equal comparison, and a part of the reason for its refusal.
type Flaw = (fn(&mut Comparison), &'static str);

const FLAWS: &[Flaw] = &[
    (
        |c| c.tables[0].chunks[1].digests.target.rows += 1,
        "table shop.orders differs in chunk 1 (11 rows on the source, 12 on",
    ),
    (
        |c| c.tables[0].chunks[1].digests.source.sums[1] = 1_u64.into(),
        "table shop.orders differs in chunk 1",
    ),
    (
        |c| drop(c.tables[0].chunks[1].digests.target.sums.pop()),
        "table shop.orders differs in chunk 1",
    ),
    (|c| c.tables.clear(), "no table was compared"),
    (
        |c| drop(c.tables.pop()),
        "source: table shop.items is in scope and was not compared",
    ),
    (
        |c| drop(c.conditions.sides.target.tables.remove(&table("items"))),
        "target: table shop.items was compared and is not",
    ),
    (
        |c| drop(c.conditions.sides.source.tables.insert(table("new"), None)),
        "source: table shop.new is in scope",
    ),
    (
        |c| c.tables.push(c.tables[0].clone()),
        "table shop.orders is listed twice",
    ),
    (
        |c| c.tables[0].chunks.clear(),
        "table shop.orders: it has no chunk",
    ),
    (
        |c| {
            let digests = &mut c.tables[0].chunks[2].digests;
            digests.source.sums.clear();
            digests.target.sums.clear();
        },
        "table shop.orders: chunk 2 has no sum",
    ),
    (
        |c| c.tables[0].chunks[1].id = 0,
        "table shop.orders: chunk 0 is listed twice",
    ),
    (
        |c| drop(c.tables[0].chunks.remove(0)),
        "chunk 1 is the first, but rows may come before it",
    ),
    (
        |c| drop(c.tables[0].chunks.remove(1)),
        "chunk 2 does not begin where chunk 0 ends",
    ),
    (
        |c| drop(c.tables[0].chunks.remove(2)),
        "chunk 1 is the last, but rows may come after it",
    ),
    (
        |c| {
            c.tables[0].chunks[0].upper = None;
            c.tables[0].chunks[1].lower = None;
        },
        "chunk 1 does not begin where chunk 0 ends",
    ),
];

#[test]
fn every_flaw_is_refused_by_name() {
    for (spoil, reason) in FLAWS {
        let mut spoilt = comparison(vec![compared("orders", 3), compared("items", 2)]);
        assert!(spoilt.clone().equal().is_ok());
        spoil(&mut spoilt);
        let refused = spoilt.equal().expect_err(reason).to_string();
        assert!(
            refused.contains(reason) && refused.contains("verify again"),
            "{reason}: {refused}"
        );
    }
}

#[test]
fn all_tables_that_differ_are_reported_at_once_and_many_chunks_in_short() {
    let mut differing = comparison(vec![compared("orders", 9), compared("items", 2)]);
    for table in &mut differing.tables {
        for chunk in &mut table.chunks {
            chunk.digests.target.rows = 0;
        }
    }
    let reasons = differing.equal().unwrap_err().reasons;
    assert_eq!(reasons.len(), 2);
    assert!(
        reasons[0].contains("table shop.items differs in chunk 0"),
        "{reasons:?}"
    );
    assert!(
        reasons[1].contains("4 (14 rows on the source, 0 on the target), and 4 more"),
        "{reasons:?}"
    );
}

#[test]
fn chunks_without_bounds_and_an_empty_table_can_be_certified() {
    let mut buckets = compared("orders", 3);
    for chunk in &mut buckets.chunks {
        (chunk.lower, chunk.upper) = (None, None);
    }
    let mut empty = compared("items", 1);
    empty.chunks[0].digests = Sides {
        source: digest(0),
        target: digest(0),
    };
    let certificate = certify(comparison(vec![buckets, empty]), &key());
    let rows: Vec<_> = certificate
        .statement()
        .tables
        .iter()
        .map(|table| table.rows)
        .collect();
    assert_eq!(rows, [0, 33]);
}

#[test]
fn the_order_of_the_comparison_does_not_change_the_certificate() {
    let key = key();
    let mut shuffled = vec![compared("items", 2), compared("orders", 3)];
    shuffled[1].chunks.reverse();
    let tidy = comparison(vec![compared("orders", 3), compared("items", 2)]);
    assert_eq!(certify(comparison(shuffled), &key), certify(tidy, &key));
}

#[test]
fn schemas_may_differ_and_the_certificate_shows_that() {
    let mut indexed = comparison(vec![compared("orders", 1)]);
    assert!(certify(indexed.clone(), &key()).statement().schemas_equal());
    indexed.conditions.sides.target.facts.schema_fingerprint = merkle::leaf(b"one index more");
    assert!(!certify(indexed, &key()).statement().schemas_equal());
}

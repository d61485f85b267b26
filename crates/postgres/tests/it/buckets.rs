//! Rows of some buckets, on every version and in every way of hashing.

use std::collections::BTreeMap;

use crossover_core::{
    plan::Scope,
    ports::Rows,
    rows::{BucketSet, HashPlan, Hashing, Region, RowDigest, RowOptions, negotiate},
};
use crossover_stand::postgres::Major;

use crate::side::{Side, table};

/// More than a statement has bits for.
const FINE: u32 = 1 << 22;

/// A partitioned table whose leaves have their columns in different orders, and a table without a key with equal rows.
const TABLES: &str = "create table shop.parted (id int primary key, note text, extra int) partition by range (id);
    create table shop.one partition of shop.parted for values from (0) to (500);
    create table shop.two (extra int, gone int, note text, id int not null);
    alter table shop.two drop column gone;
    alter table shop.parted attach partition shop.two for values from (500) to (1000);
    insert into shop.parted select n, case when n % 7 <> 0 then 'note ' || n end, n % 3 from generate_series(0, 999) n;
    create table shop.bag (note text);
    insert into shop.bag select 'note ' || n % 400 from generate_series(0, 999) n;";

async fn forms(side: &Side, hashing: Hashing) -> BTreeMap<String, HashPlan> {
    let shapes = side.crossover().await.shapes(&Scope::default()).await.unwrap();
    let options = RowOptions {
        hashing,
        seed: 4_711,
        condition: Some("extra is distinct from 2 -- or true".to_owned()),
    };
    let of = |shape| {
        let mut form = negotiate(shape, shape, &options).unwrap().0;
        if form.key.is_empty() {
            form.condition = None;
        }
        (form.table.name.clone(), form)
    };
    shapes.iter().map(of).collect()
}

#[tokio::test]
async fn buckets_are_divided_and_fetched_without_loss() {
    for major in Major::ALL {
        let side = Side::on(major).await;
        side.owner(TABLES).await;
        side.owner(&format!(
            "grant select on all tables in schema shop to {}",
            side.own()
        ))
        .await;
        let db = side.crossover().await;
        for hashing in [Hashing::TypedHash, Hashing::Md5, Hashing::Stream] {
            let forms = forms(&side, hashing).await;
            let leaves = Region::Leaves(vec![table("one"), table("two")]);
            for (name, region) in [
                ("parted", &leaves),
                ("parted", &Region::Whole),
                ("bag", &Region::Whole),
            ] {
                let form = &forms[name];
                let about = format!("{major:?} {hashing:?} {name} {region:?}");
                let snapshot = db.export_snapshot().await.unwrap();
                let at = Some(&snapshot);
                let coarse = db.digest(form, region, 16, at).await.unwrap();
                let rows: u64 = coarse.values().map(|digest| digest.rows).sum();
                assert_eq!(rows, if name == "bag" { 1_000 } else { 667 }, "{about}");
                assert_eq!(
                    coarse,
                    db.digest(form, &Region::Whole, 16, at).await.unwrap(),
                    "{about}"
                );

                // Some buckets divided have the same sums.
                let some = BucketSet::new(16, vec![1, 6, 11]);
                let fine = db.digests_in(form, region, &some, FINE, at).await.unwrap();
                let mut sums: BTreeMap<u32, RowDigest> = BTreeMap::new();
                for (bucket, digest) in &fine {
                    let sum = sums.entry(bucket & 15).or_default();
                    *sum = sum.plus(*digest);
                }
                let expected = coarse.iter().filter(|(bucket, _)| [1, 6, 11].contains(*bucket));
                let expected: BTreeMap<u32, RowDigest> = expected.map(|(b, d)| (*b, *d)).collect();
                assert_eq!(sums, expected, "{about}");

                // Half of the fine ones: their rows, and no others.
                let half: BTreeMap<u32, RowDigest> = fine.iter().copied().step_by(2).collect();
                let set = BucketSet::new(FINE, half.keys().copied().collect());
                let rows = db.rows_in(form, region, &set, at).await.unwrap();
                let sum = rows.iter().fold(RowDigest::default(), |sum, row| {
                    sum.plus(RowDigest {
                        rows: row.count,
                        sum: row.hash.wrapping_mul(i128::from(row.count)),
                    })
                });
                let expected = half
                    .values()
                    .fold(RowDigest::default(), |sum, digest| sum.plus(*digest));
                assert_eq!(sum, expected, "{about}");
                // A bucket whose last bits are those of others: a bit alone would not tell it from them.
                let others = half
                    .keys()
                    .map(|bucket| bucket ^ (FINE / 2))
                    .filter(|b| !half.contains_key(b));
                let others = BucketSet::new(FINE, others.collect());
                let none = db.rows_in(form, region, &others, at).await.unwrap();
                assert!(none.is_empty(), "{about}: {none:?}");
                assert!(rows.is_sorted(), "{about}");
            }
        }
    }
}

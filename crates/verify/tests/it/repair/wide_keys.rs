//! Keys whose own equality is wider than their text: rows that the type takes for one row are two.

use super::{Desk, outcomes, value};
use crate::pair::Pair;

const TABLES: &str = "
    create extension citext;
    create collation public.ignoring (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create domain public.address as citext check (value <> '');
    create domain public.nested as public.address;
    create table alone (id citext primary key, note text);
    create table composite (n int, id citext, note text, primary key (n, id));
    create table by_domain (id public.address primary key, note text);
    create table by_nested (id public.nested, n int, note text, primary key (id, n));
    create table by_collation (id text collate public.ignoring primary key, note text);";

const ROWS: &str = "
    insert into alone values ('KEY', 'a'), ('other', 'b'); insert into composite values (1, 'KEY', 'a'), (2, 'other', 'b');
    insert into by_domain values ('KEY', 'a'), ('other', 'b'); insert into by_nested values ('KEY', 1, 'a'), ('other', 2, 'b');
    insert into by_collation values ('KEY', 'a'), ('other', 'b');";

#[tokio::test]
async fn keys_that_differ_in_case_only_are_repaired() {
    let pair = Pair::new().await;
    pair.both(TABLES).await;
    pair.source(&ROWS.replace("KEY", "Ann@x.org")).await;
    pair.target(&ROWS.replace("KEY", "ann@x.org")).await;
    let desk = Desk::at(&pair).await;
    let plan = desk.plan().await;
    assert_eq!((plan.rows(), plan.refused.len()), (10, 0), "{plan:?}");
    let report = desk.apply(&plan).await;
    let failed: Vec<String> = outcomes(&report)
        .into_iter()
        .filter(|outcome| !outcome.ends_with(" repaired"))
        .collect();
    assert_eq!(failed, [""; 0]);
    let after = desk.verify().await;
    assert!(after.equal, "{after:?}");
    for table in ["alone", "composite", "by_domain", "by_nested", "by_collation"] {
        let kept = format!("select string_agg(id::text || note, ',' order by note) from {table}");
        assert_eq!(
            value(&pair.target, &kept).await.as_deref(),
            Some("Ann@x.orga,otherb"),
            "{table}"
        );
    }
}

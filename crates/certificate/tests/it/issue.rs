//! Certificates of real databases: the conditions of issue, and the changes that end a certificate.

use std::sync::Mutex;

use async_trait::async_trait;
use crossover_certificate::{
    self as certificate, CannotCertify, Certificate, CertifiedTable, Conditions, Sides as Both, SigningKey,
    Trust, certified_scope,
};
use crossover_core::{plan::Scope, ports::PortResult};
use crossover_postgres::LogPositions;
use crossover_stand::postgres::Database;
use crossover_verify::{Report, Sides, Silent, VerifyOptions, rows::CatchUp, verify};

use crate::pair::{Pair, TestClock, crossover, still};

/// Runs SQL; its session reports its writes to the statistics before the function returns.
async fn counted(database: &Database, sql: &str) {
    let session = database.connect().await.unwrap();
    session
        .batch_execute(sql)
        .await
        .unwrap_or_else(|e| panic!("{e:?} in {sql}"));
    session
        .batch_execute("select pg_stat_force_next_flush()")
        .await
        .unwrap();
}

async fn both(pair: &Pair, sql: &str) {
    tokio::join!(counted(&pair.source, sql), counted(&pair.target, sql));
}

fn key() -> SigningKey {
    SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap()
}

struct Compared {
    report: Report,
    before: Conditions,
    scope: Scope,
    condition: Option<String>,
}

impl Compared {
    fn certify(self, key: &SigningKey) -> Result<Certificate, CannotCertify> {
        Certificate::issue(
            &self.report,
            self.before,
            self.scope,
            self.condition,
            &TestClock,
            key,
        )
    }

    fn refusal(self) -> String {
        self.certify(&key()).unwrap_err().to_string()
    }
}

async fn compared(pair: &Pair, options: &VerifyOptions, catch_up: Option<&dyn CatchUp>) -> Compared {
    let source = crossover("source", &pair.source).await;
    let target = crossover("target", &pair.target).await;
    let sides = Sides {
        catch_up,
        ..still(&source, &target)
    };
    let everything = Scope::default();
    let scope = certified_scope(&sides, &everything, &options.selection)
        .await
        .unwrap();
    let databases = certificate::Sides {
        source: &source as _,
        target: &target as _,
    };
    let before = Conditions::read(databases, &scope, &TestClock).await.unwrap();
    let report = verify(&sides, (&source, &target), &everything, options, &Silent)
        .await
        .unwrap();
    Compared {
        report,
        before,
        scope,
        condition: options.condition.clone(),
    }
}

async fn certified(pair: &Pair, options: &VerifyOptions) -> Certificate {
    compared(pair, options, None).await.certify(&key()).unwrap()
}

/// Why a certificate no longer holds.
async fn reasons(pair: &Pair, certificate: &Certificate) -> Vec<String> {
    let source = crossover("source", &pair.source).await;
    let target = crossover("target", &pair.target).await;
    let databases = certificate::Sides {
        source: &source as _,
        target: &target as _,
    };
    let now = Conditions::read(databases, &certificate.statement().scope, &TestClock)
        .await
        .unwrap();
    let stale = certificate.conditions().still_hold(
        &now,
        None,
        Both {
            source: &LogPositions,
            target: &LogPositions,
        },
    );
    stale.iter().map(ToString::to_string).collect()
}

fn table<'a>(certificate: &'a Certificate, name: &str) -> &'a CertifiedTable {
    let mut tables = certificate.statement().tables.iter();
    tables.find(|table| table.table.name == name).unwrap()
}

#[tokio::test]
async fn an_equal_pair_gets_a_certificate_of_tables_of_every_shape() {
    let pair = Pair::new().await;
    let large = "select i, i, 'n' || i from generate_series(1, 150000) i";
    let mixed = "select i, i, repeat('n' || i, 5) from (select (j * 73::bigint) % 150001 as i from generate_series(1, 150000) j) x";
    both(
        &pair,
        &format!(
            "create table ranges (id int primary key, other int, note text); insert into ranges {large};
             create table buckets (id int primary key, other int, note text); insert into buckets {mixed};
             create table parts (id int primary key) partition by range (id);
             create table parts_a partition of parts for values from (0) to (10);
             create table parts_b partition of parts for values from (10) to (20);
             insert into parts select generate_series(1, 15);
             create table bag (a int); insert into bag values (1), (1), (null);
             create table hollow (id int primary key); analyze"
        ),
    )
    .await;
    let key = key();
    let certificate = compared(&pair, &VerifyOptions::default(), None)
        .await
        .certify(&key)
        .unwrap();
    let bytes = certificate.to_bytes().unwrap();
    let checked = Certificate::check(&bytes, Some(&key.public_key())).unwrap();
    assert_eq!(
        (checked.trust, &checked.certificate),
        (Trust::Pinned, &certificate)
    );
    assert!(certificate.statement().schemas_equal());

    let shapes: Vec<_> = certificate
        .statement()
        .tables
        .iter()
        .map(|t| (t.table.name.as_str(), t.rows))
        .collect();
    assert_eq!(
        shapes,
        [
            ("bag", 3),
            ("buckets", 150_000),
            ("hollow", 0),
            ("parts", 15),
            ("ranges", 150_000)
        ]
    );
    let chunks = |name| &table(&certificate, name).chunks;
    assert!(chunks("ranges").len() > 1 && chunks("ranges")[1].lower.is_some());
    assert!(chunks("buckets").len() > 1 && chunks("buckets").iter().all(|c| c.lower.is_none()));
    assert_eq!(chunks("hollow").len(), 1);
    let writes = table(&certificate, "parts").writes.source.as_ref().unwrap();
    assert_eq!(writes.inserts, 15);
    assert_eq!(reasons(&pair, &certificate).await, [""; 0]);

    counted(&pair.target, "update parts set id = 19 where id = 15").await;
    let stale = reasons(&pair, &certificate).await;
    assert!(
        stale.len() == 1 && stale[0].contains("target: table public.parts was written to"),
        "{stale:?}"
    );
}

#[tokio::test]
async fn every_change_of_either_side_ends_a_certificate_and_is_named() {
    let pair = Pair::new().await;
    both(
        &pair,
        "create table kept (id int primary key); create table grown (id int primary key); create table changed (id int primary key);
         create table emptied (id int primary key); create table gone (id int primary key);
         insert into changed select generate_series(1, 5)",
    )
    .await;
    let certificate = certified(&pair, &VerifyOptions::default()).await;
    assert_eq!(reasons(&pair, &certificate).await, [""; 0]);
    // The index is on a table without any other change.
    counted(
        &pair.source,
        "insert into grown values (1), (2); truncate emptied; drop table gone",
    )
    .await;
    counted(
        &pair.target,
        "update changed set id = id + 10 where id > 3; delete from changed where id = 1; create index on kept (id)",
    )
    .await;
    let stale = reasons(&pair, &certificate).await;
    let expected = [
        "source: the schema has changed",
        "source: the rows of table public.emptied are in other files",
        "source: table public.gone was compared and is no longer",
        "source: table public.grown was written to: 2 inserts, 0 updates, 0 deletes",
        "target: the schema has changed",
        "target: table public.changed was written to: 0 inserts, 2 updates, 1 deletes",
    ];
    assert_eq!(stale.len(), expected.len(), "{stale:#?}");
    for (reason, expected) in stale.iter().zip(expected) {
        assert!(reason.starts_with(expected), "{reason} is not: {expected}");
    }
}

#[tokio::test]
async fn statistics_that_were_reset_end_a_certificate() {
    let pair = Pair::new().await;
    both(
        &pair,
        "create table t (id int primary key); insert into t values (1)",
    )
    .await;
    let certificate = certified(&pair, &VerifyOptions::default()).await;
    counted(&pair.source, "select pg_stat_reset()").await;
    let stale = reasons(&pair, &certificate).await;
    assert!(
        stale.len() == 1 && stale[0].contains("source: writes were counted since"),
        "{stale:?}"
    );
}

#[tokio::test]
async fn databases_that_differ_or_were_not_compared_completely_get_no_certificate() {
    let pair = Pair::new().await;
    both(
        &pair,
        "create table a (id int primary key); create table b (id int primary key); create table c (id int primary key)",
    )
    .await;
    let default = VerifyOptions::default();
    let mut partly = compared(&pair, &default, None).await;
    partly.report.tables[0].chunks.clear();
    let refusal = partly.refusal();
    assert!(
        refusal.contains("public.a were compared only in part"),
        "{refusal}"
    );

    let quick = VerifyOptions {
        quick: true,
        ..VerifyOptions::default()
    };
    let refusal = compared(&pair, &quick, None).await.refusal();
    assert!(
        refusal.contains("public.a, public.b, public.c were only counted"),
        "{refusal}"
    );

    pair.source("create index on c (id)").await;
    let refusal = compared(&pair, &default, None).await.refusal();
    assert!(refusal.contains("the schemas of these differ"), "{refusal}");

    pair.target("insert into a values (1); drop table b").await;
    let refusal = compared(&pair, &default, None).await.refusal();
    assert!(
        refusal.contains("tables that differ: public.a; not compared: public.b"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_selection_is_certified_with_its_exclusions() {
    let pair = Pair::new().await;
    both(
        &pair,
        "create table a (id int primary key); create table b (id int primary key); insert into a values (1), (2)",
    )
    .await;
    counted(&pair.target, "insert into b values (1); insert into a values (3)").await;
    let mut options = VerifyOptions {
        condition: Some("q.id < 3".into()),
        rows_only: true,
        ..VerifyOptions::default()
    };
    options.selection.tables = vec!["a".into()];
    let certificate = certified(&pair, &options).await;
    let statement = certificate.statement();
    assert_eq!(statement.scope.exclude, ["public.b"]);
    assert_eq!(statement.how.condition.as_deref(), Some("q.id < 3"));
    assert_eq!(statement.tables.len(), 1);
    assert_eq!(statement.tables[0].rows, 2);
    counted(&pair.source, "insert into b values (7)").await;
    assert_eq!(reasons(&pair, &certificate).await, [""; 0]);
    counted(&pair.source, "create table c (id int primary key)").await;
    let stale = reasons(&pair, &certificate).await;
    assert!(
        stale
            .iter()
            .any(|reason| reason.contains("source: table public.c is in scope")),
        "{stale:?}"
    );
}

/// The target catches up one table at each wait, in the order of the comparison.
struct Follower<'a> {
    pair: &'a Pair,
    late: Mutex<Vec<&'static str>>,
}

#[async_trait]
impl CatchUp for Follower<'_> {
    async fn wait_for_catchup(&self) -> PortResult<()> {
        let table = self.late.lock().unwrap().pop();
        if let Some(table) = table {
            counted(
                &self.pair.target,
                &format!("insert into {table} values (0, 'late')"),
            )
            .await;
        }
        Ok(())
    }
}

#[tokio::test]
async fn rows_that_settle_are_certified_only_with_their_chunks_summed_again() {
    for recheck_chunks in [false, true] {
        let pair = Pair::new().await;
        both(
            &pair,
            "create table small (id int primary key, note text); create table large (id int primary key, note text);
             insert into large select i, 'n' || i from generate_series(1, 150000) i; analyze",
        )
        .await;
        counted(
            &pair.source,
            "insert into small values (0, 'late'); insert into large values (0, 'late')",
        )
        .await;
        let mut options = VerifyOptions::default();
        options.rows.recheck_chunks = recheck_chunks;
        let follower = Follower {
            pair: &pair,
            late: Mutex::new(vec!["small", "large"]),
        };
        let compared = compared(&pair, &options, Some(&follower)).await;
        assert!(compared.report.equal);
        assert!(compared.report.tables.iter().all(|table| table.rechecked == 1));
        if recheck_chunks {
            let certificate = compared.certify(&key()).unwrap();
            assert!(table(&certificate, "large").chunks.len() > 1);
            let stale = reasons(&pair, &certificate).await;
            assert!(
                stale.len() == 2 && stale.iter().all(|r| r.contains("was written to: 1 inserts")),
                "what was written meanwhile counts: {stale:?}"
            );
        } else {
            let refusal = compared.refusal();
            assert!(
                refusal.contains("tables public.large, public.small were written to while they were read")
                    && refusal.contains("quiet time"),
                "{refusal}"
            );
        }
    }
}

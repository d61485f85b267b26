//! The result, and the exit status for scripts.

use crate::pair::Pair;

const SHOP: &str = "create table orders (id int primary key, note text); insert into orders select i, 'n' || i from generate_series(1, 50) i; \
     create table items (id int primary key, price numeric(10,2)); insert into items values (1, 1.5); analyze";

#[tokio::test]
async fn equal_databases_end_with_0() {
    let pair = Pair::new().await;
    pair.both(SHOP).await;
    let said = pair.verify(&[]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(
        said.stderr.contains("EQUAL") && said.stderr.contains("2 of 2 tables equal, 51 rows"),
        "{}",
        said.stderr
    );
    assert_eq!(said.stdout, "");
}

#[tokio::test]
async fn a_different_row_ends_with_1_and_is_named() {
    let pair = Pair::new().await;
    pair.both(SHOP).await;
    pair.target("update orders set note = 'drifted' where id = 7; delete from orders where id = 9; insert into items values (2, 3)")
        .await;
    let said = pair.verify(&["--recheck", "0"]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    for line in [
        "DIFFERENT",
        "id = 7: different in note",
        "id = 9: missing on the target",
        "id = 2: extra on the target",
    ] {
        assert!(said.stderr.contains(line), "{line}: {}", said.stderr);
    }
}

#[tokio::test]
async fn a_different_schema_ends_with_1_and_with_0_if_only_rows_are_compared() {
    let pair = Pair::new().await;
    pair.both(SHOP).await;
    pair.source("create index by_note on orders (note)").await;
    let said = pair.verify(&[]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert!(
        said.stderr
            .contains("error (data): index by_note on public.orders"),
        "{}",
        said.stderr
    );
    let rows_only = pair.verify(&["--rows-only"]);
    assert_eq!(rows_only.status, Some(0), "{}", rows_only.stderr);
    assert!(!rows_only.stderr.contains("by_note"), "{}", rows_only.stderr);
}

#[tokio::test]
async fn quick_only_counts_and_misses_differences_with_equal_counts() {
    let pair = Pair::new().await;
    pair.both(SHOP).await;
    pair.target("update orders set note = 'drifted' where id = 7")
        .await;
    let said = pair.verify(&["--quick", "--json"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    let report = said.json();
    assert_eq!(report["tables"][1]["name"], "public.orders");
    assert_eq!(report["tables"][1]["method"], "count");
    pair.target("delete from orders where id = 7").await;
    let said = pair.verify(&["--quick"]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert!(
        said.stderr
            .contains("public.orders: 50 rows on the source, 49 on the target"),
        "{}",
        said.stderr
    );
}

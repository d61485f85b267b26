//! Many tables.

use crate::migration::Migration;

const TABLES: u32 = 1_000;

/// The report tells how long the checks took: `cargo test -p crossover --test check a_thousand -- --nocapture`.
#[tokio::test]
async fn a_thousand_tables_are_checked_and_a_single_fault_among_them_is_found() {
    let shop = Migration::new().await;
    shop.both(&format!(
        "do $$ begin for n in 1..{TABLES} loop execute format(\
         'create table t_%s (id bigint generated always as identity primary key, at timestamptz default now(), amount numeric(12, 2) \
         check (amount > 0), note text); create index on t_%s (at)', n, n); end loop; end $$"
    ))
    .await;
    shop.target("alter table t_777 drop column note").await;
    let said = shop.check(&["--json"]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    assert_eq!(said.found(), ["TG03"]);
    let report = said.json();
    assert_eq!(report["source"]["tables"], TABLES);
    let findings = said.check("TG03")["findings"].clone();
    assert!(findings.to_string().contains("shop.t_777.note"), "{findings}");
    println!("{TABLES} tables: {} ms", report["elapsed_ms"]);
}

//! `--estimate`, as text and as JSON, without a comparison.

use crate::pair::{Pair, command, keys, said};

async fn pair() -> Pair {
    let pair = Pair::new().await;
    pair.both("create table large (id int primary key, note text); insert into large select i, 'n' || i from generate_series(1, 20000) i; \
               create table small (id int primary key); insert into small values (1); analyze")
        .await;
    pair
}

#[tokio::test]
async fn an_estimate_lists_the_largest_tables_first_and_its_assumptions() {
    let said = pair().await.verify(&["--estimate", "--workers", "4"]);
    assert_eq!(said.status, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("measuring public.large"), "{}", said.stderr);
    let (large, small) = (said.stdout.find("public.large"), said.stdout.find("public.small"));
    assert!(large.is_some() && large < small, "{}", said.stdout);
    for text in [
        "all ",
        "time with 4 chunks at a time",
        "cost ",
        "2 functions, the longest likely",
        "between",
        "assumptions",
        "list prices",
    ] {
        assert!(said.stdout.contains(text), "{text}: {}", said.stdout);
    }
}

#[tokio::test]
async fn an_estimate_as_json_has_hours_and_cost_as_ranges() {
    let estimate = pair()
        .await
        .verify(&["--estimate", "--json", "--chunk-rows", "1000"])
        .json();
    for range in ["hours", "cost_usd", "rows_per_second"] {
        assert_eq!(keys(&estimate[range]), ["high", "likely", "low"]);
        let figure = |name: &str| estimate[range][name].as_f64().unwrap();
        assert!(
            0.0 < figure("low") && figure("low") <= figure("likely") && figure("likely") <= figure("high"),
            "{estimate}"
        );
    }
    assert_eq!(estimate["workers"], 2, "as many as --jobs");
    assert_eq!(estimate["rows"], 20_001);
    assert_eq!(
        (&estimate["chunks"], &estimate["functions"]),
        (&21.into(), &2.into())
    );
    assert!(estimate["assumptions"].as_array().unwrap().len() > 1);
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_named_and_the_others_are_estimated() {
    let pair = pair().await;
    let role = format!("reader_{}", pair.source.name());
    pair.source(&format!(
        "create role {role} login password 'of-the-test'; grant select on small to {role}"
    ))
    .await;
    let source = format!(
        "postgresql://{role}:of-the-test@127.0.0.1:{}/{}",
        pair.source.access().port(),
        pair.source.name()
    );
    let output = command(&source, &pair.target.url(), &["--estimate"])
        .output()
        .unwrap();
    let said = said(&output);
    assert_eq!(said.status, Some(2), "{}", said.stderr);
    assert!(
        said.stdout.contains("not estimated: public.large") && said.stdout.contains("public.small"),
        "{}",
        said.stdout
    );
}

#[test]
fn workers_is_accepted_with_estimate_only() {
    let output = command("x", "y", &["--workers", "4"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).stderr.contains("--estimate"));
}

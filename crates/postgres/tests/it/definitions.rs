//! Printed definitions: the same DDL is equal before and after a restore, and one changed token is a
//! difference.
//!
//! `equal.txt` has one form per line under its kind. `changed.txt` has pairs: a form after `-`, and the form
//! with one change after `+`. `[14]` in front means that the form exists since version 14. Objects are named
//! by their line: `f012`.

use std::collections::BTreeSet;

use crossover_core::{catalogue::Definition, ports::Catalogue, schema::compare};
use crossover_postgres::SqlRemedies;
use crossover_stand::postgres::Major;
use tokio_postgres::Client;

use crate::side::{Side, everything};

const BASE: &str = include_str!("definitions/base.sql");
const RESTORE: &str = include_str!("definitions/restore.sql");
const EQUAL: &str = include_str!("definitions/equal.txt");
const CHANGED: &str = include_str!("definitions/changed.txt");

/// One line of a corpus.
struct Form {
    name: String,
    kind: &'static str,
    since: u32,
    text: &'static str,
}

fn forms(corpus: &'static str) -> Vec<Form> {
    let mut kind = "";
    let mut forms = Vec::new();
    for (number, line) in corpus.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("# ") {
            kind = heading;
            continue;
        }
        let (since, text) = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((since, text)) => (since.parse().unwrap(), text),
            None => (0, line),
        };
        forms.push(Form {
            name: format!("f{:03}", number + 1),
            kind,
            since,
            text,
        });
    }
    forms
}

impl Form {
    fn statement(&self, text: &str) -> String {
        let name = &self.name;
        match self.kind {
            "check" => format!("alter table shop.t add constraint {name} check ({text})"),
            "exclude" => format!("alter table shop.t add constraint {name} exclude {text}"),
            "column" => format!("alter table shop.t add column {name} {text}"),
            "index" => format!("create index {name} on shop.t {text}"),
            "unique index" => format!("create unique index {name} on shop.t {text}"),
            "policy" | "trigger" | "statistics" => {
                let schema = if self.kind == "statistics" { "shop." } else { "" };
                format!("create {} {schema}{name} {text}", self.kind)
            }
            "rule" => format!("create rule {name} as {text}"),
            "domain" | "view" | "materialized view" => format!("create {} shop.{name} as {text}", self.kind),
            "function" => format!("create function shop.{name}{text}"),
            "partitioned" => format!("create table shop.{name} (like shop.t) partition by {text}"),
            "collation" => format!("create collation shop.{name} {text}"),
            kind => panic!("unknown kind of form: {kind:?}"),
        }
    }
}

/// A pair of forms with one difference. Both objects are named by the line of the second form.
struct Change {
    before: Form,
    after: Form,
}

fn changes() -> Vec<Change> {
    let lines = forms(CHANGED);
    let mut changes = Vec::new();
    let mut lines = lines.into_iter();
    while let (Some(mut before), Some(mut after)) = (lines.next(), lines.next()) {
        before.text = before.text.strip_prefix("- ").expect(before.text);
        after.text = after.text.strip_prefix("+ ").expect(after.text);
        before.name.clone_from(&after.name);
        changes.push(Change { before, after });
    }
    changes
}

fn number(major: Major) -> u32 {
    major.to_string().parse().unwrap()
}

async fn base(major: Major) -> (Side, Client) {
    let side = Side::on(major).await;
    side.owner(BASE).await;
    let client = side.superuser().await;
    client
        .batch_execute("set client_min_messages = error")
        .await
        .unwrap();
    (side, client)
}

async fn run(client: &Client, statements: impl IntoIterator<Item = String>) {
    let mut refused = Vec::new();
    for statement in statements {
        if let Err(error) = client.batch_execute(&statement).await {
            refused.push(format!("{error:?} in {statement}"));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

async fn typed(major: Major, forms: impl IntoIterator<Item = &Form>) -> Side {
    let (side, client) = base(major).await;
    run(&client, forms.into_iter().map(|form| form.statement(form.text))).await;
    side
}

/// A database into which the printed forms of another database are restored.
async fn restored(from: &Side, major: Major) -> Side {
    let (printing, (side, client)) = (from.superuser().await, base(major).await);
    for session in [&printing, &client] {
        session.batch_execute("set search_path = ''").await.unwrap();
    }
    let printed = printing.query(RESTORE, &[]).await.unwrap();
    run(&client, printed.iter().map(|row| row.get("statement"))).await;
    side
}

async fn definitions(side: &Side) -> Vec<Definition> {
    let all = side.crossover().await.fingerprint(&everything()).await.unwrap();
    all.into_iter()
        .filter(|definition| !crate::fingerprint::of_the_server(definition))
        .collect()
}

/// The names of forms in a text.
fn named(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| word.len() == 4 && word.starts_with('f') && word[1..].parse::<u16>().is_ok())
        .map(str::to_owned)
}

async fn expect_equal(one: &Side, other: &Side, forms: &[&Form], what: &str) {
    let (ours, theirs) = (definitions(one).await, definitions(other).await);
    let seen: BTreeSet<String> = ours
        .iter()
        .flat_map(|definition| named(&definition.object))
        .collect();
    let unseen: Vec<&str> = forms
        .iter()
        .filter(|f| !seen.contains(&f.name))
        .map(|f| f.text)
        .collect();
    assert!(unseen.is_empty(), "{what}: not compared: {unseen:#?}");
    let different: Vec<String> = compare(&ours, &theirs, &SqlRemedies)
        .into_iter()
        .map(|difference| difference.detail)
        .collect();
    assert!(
        different.is_empty(),
        "{what}: {} differ\n{}",
        different.len(),
        different.join("\n")
    );
}

/// The same forms typed on both, and the forms of the first restored on the second.
async fn expect_never_different(from: Major, to: Major) {
    let all = forms(EQUAL);
    let there: Vec<&Form> = all.iter().filter(|form| form.since <= number(from)).collect();
    assert!(there.len() >= 150);
    let source = typed(from, there.iter().copied()).await;
    let target = restored(&source, to).await;
    expect_equal(&source, &target, &there, &format!("{from} restored on {to}")).await;
    let target = typed(to, there.iter().copied()).await;
    expect_equal(&source, &target, &there, &format!("typed on {from} and {to}")).await;
}

async fn expect_always_different(from: Major, to: Major) {
    let all = changes();
    let there: Vec<&Change> = all
        .iter()
        .filter(|change| change.after.since <= number(from))
        .collect();
    assert!(there.len() >= 150);
    let source = typed(from, there.iter().map(|change| &change.before)).await;
    let target = typed(to, there.iter().map(|change| &change.after)).await;
    let differences = compare(
        &definitions(&source).await,
        &definitions(&target).await,
        &SqlRemedies,
    );
    let different: BTreeSet<String> = differences.iter().flat_map(|d| named(&d.object)).collect();
    let equal: Vec<String> = there
        .iter()
        .filter(|change| !different.contains(&change.after.name))
        .map(|change| format!("{}\n  and {}", change.before.text, change.after.text))
        .collect();
    assert!(
        equal.is_empty(),
        "{from} and {to}: {} equal\n{}",
        equal.len(),
        equal.join("\n")
    );
}

#[tokio::test]
async fn what_12_prints_is_never_different_on_18() {
    expect_never_different(Major::V12, Major::V18).await;
}

#[tokio::test]
async fn what_14_prints_is_never_different_on_17() {
    expect_never_different(Major::V14, Major::V17).await;
}

#[tokio::test]
async fn what_18_prints_is_never_different_on_18() {
    expect_never_different(Major::V18, Major::V18).await;
}

#[tokio::test]
async fn one_change_between_12_and_18_is_always_different() {
    expect_always_different(Major::V12, Major::V18).await;
}

#[tokio::test]
async fn one_change_between_14_and_17_is_always_different() {
    expect_always_different(Major::V14, Major::V17).await;
}

#[tokio::test]
async fn one_change_between_18_and_18_is_always_different() {
    expect_always_different(Major::V18, Major::V18).await;
}

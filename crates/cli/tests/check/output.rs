//! The three forms of the report.

use crossover_contracts::document::validate;

use crate::migration::Migration;

async fn faulty() -> Migration {
    let shop = Migration::new().await;
    let tables: Vec<String> = (1..=12)
        .map(|n| format!("create table keyless_{n:02} (a int);"))
        .collect();
    let tables = tables.join(" ");
    shop.both(&format!(
        "{tables} create table \"<script>\nx\" (a int); create unlogged table fast (id int primary key)"
    ))
    .await;
    shop
}

#[tokio::test]
async fn findings_of_one_kind_are_one_entry_with_the_first_offenders_unless_all_are_asked_for() {
    let shop = faulty().await;
    let said = shop.check(&[]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    let text = &said.stdout;
    assert!(
        text.starts_with("BLOCKED: 14 findings of 2 checks block the cutover\n"),
        "{text}"
    );
    assert!(text.contains("13 objects, each: "), "{text}");
    assert!(
        text.contains("and 10 more (--all names them, and the report does)"),
        "{text}"
    );
    assert!(!text.contains("keyless_12"), "{text}");
    assert!(text.contains("PG19   blocks    shop.fast: is unlogged"), "{text}");
    assert!(text.contains("here it is --exclude"), "{text}");
    assert!(
        text.contains(shop.source.name()) && text.contains(&shop.role("xo")),
        "{text}"
    );
    let all = shop.check(&["--all"]).stdout;
    for n in 1..=12 {
        assert!(all.contains(&format!("keyless_{n:02}")), "{n}: {all}");
    }
    // A line break in a name does not begin a line of the table.
    assert!(all.contains("<script>\\nx"), "{all}");
}

#[tokio::test]
async fn the_json_report_fits_its_schema_and_has_every_object() {
    let shop = faulty().await;
    let said = shop.check(&["--json"]);
    validate("check-report", &said.json()).unwrap();
    assert_eq!(said.check("PG11")["findings"].as_array().unwrap().len(), 13);
    let mut wrong = said.json();
    wrong["verdict"] = "passed".into();
    assert!(validate("check-report", &wrong).is_err());
}

#[tokio::test]
async fn the_page_has_every_object_and_escapes_names() {
    let shop = faulty().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    let said = shop.check(&["--html", file.to_str().unwrap()]);
    assert_eq!(said.status, Some(1), "{}", said.stderr);
    let page = std::fs::read_to_string(&file).unwrap();
    for n in 1..=12 {
        assert!(page.contains(&format!("keyless_<wbr>{n:02}")), "{n}");
    }
    assert!(
        !page.contains("<script") && page.contains("&lt;script&gt;"),
        "{page}"
    );
    assert!(page.contains(shop.target.name()) && page.contains("not checked here"));
    assert!(!page.contains(crate::migration::PASSWORD));
}

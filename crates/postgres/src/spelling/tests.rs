use proptest::prelude::*;

use super::*;

fn same(old: &str, new: &str) {
    assert_eq!(of_sql(old), of_sql(new));
}

fn same_view(old: &str, new: &str) {
    assert_eq!(of_view(old), of_view(new));
}

#[test]
fn a_name_that_became_a_keyword_is_the_same_name() {
    same(
        "CREATE INDEX j ON shop.c USING btree (((json ->> 'json'::text)), normalize)",
        "CREATE INDEX j ON shop.c USING btree (((\"json\" ->> 'json'::text)), \"normalize\")",
    );
    for kept in [
        "\"Odd Name\"",
        "\"UPPER\"",
        "\"a\"\"b\"",
        "\"1st\"",
        "\"\"",
        "\"end",
        "'\"json\"'",
    ] {
        assert_eq!(of_sql(kept), kept);
    }
}

#[test]
fn a_time_zone_is_a_call() {
    same("timezone('utc'::text, now())", "(now() AT TIME ZONE 'utc'::text)");
    same(
        "(timezone('utc'::text, new.at) > '2020-01-01'::timestamp)",
        "((new.at AT TIME ZONE 'utc'::text) > '2020-01-01'::timestamp)",
    );
    same(
        "timezone('a'::text, timezone('b'::text, at))",
        "((at AT TIME ZONE 'b'::text) AT TIME ZONE 'a'::text)",
    );
    assert_eq!(of_sql("'(x AT TIME ZONE y)'::text"), "'(x AT TIME ZONE y)'::text");
}

#[test]
fn calls_in_the_syntax_of_sql_are_calls() {
    same(
        "\"substring\"((state)::text, 1, 2)",
        "SUBSTRING(state FROM 1 FOR 2)",
    );
    same("\"substring\"(((a || b))::text, 2)", "SUBSTRING((a || b) FROM 2)");
    same(
        "btrim((state)::text, ' '::text)",
        "TRIM(BOTH ' '::text FROM state)",
    );
    same("ltrim((state)::text)", "TRIM(LEADING FROM state)");
    same("rtrim(state)", "TRIM(TRAILING FROM state)");
    same(
        "\"position\"((state)::text, 'x'::text)",
        "POSITION(('x'::text) IN (state))",
    );
    same(
        "\"overlay\"((s)::text, 'x'::text, 1, 1)",
        "OVERLAY(s PLACING 'x'::text FROM 1 FOR 1)",
    );
    same(
        "(s ~ similar_escape('b%'::text, NULL::text))",
        "(s ~ similar_to_escape('b%'::text))",
    );
    assert_ne!(
        of_sql("SUBSTRING(state FROM 1)"),
        of_sql("SUBSTRING(state FROM 2)")
    );
    assert_ne!(
        of_sql("TRIM(LEADING 'x' FROM a)"),
        of_sql("TRIM(TRAILING 'x' FROM a)")
    );
}

#[test]
fn a_view_of_one_relation_names_it_or_not() {
    same_view(
        " SELECT orders.id,\n    orders.total\n   FROM shop.orders\n  WHERE (orders.total > (1)::numeric);",
        " SELECT id,\n    total\n   FROM shop.orders\n  WHERE (total > (1)::numeric);",
    );
    same_view(
        "SELECT o.id FROM ONLY shop.orders o ORDER BY o.id;",
        "SELECT id FROM ONLY shop.orders o ORDER BY id;",
    );
    same_view(
        "SELECT g.i FROM generate_series(1, 3) g(i);",
        "SELECT i FROM generate_series(1, 3) g(i);",
    );
    same_view(
        "SELECT g.i FROM f(1) WITH ORDINALITY g(i, n);",
        "SELECT i FROM f(1) WITH ORDINALITY g(i, n);",
    );
    same_view(
        "WITH x AS ( SELECT orders.id FROM shop.orders ) SELECT x.id FROM x WHERE (x.id > 2);",
        "WITH x AS ( SELECT orders.id FROM shop.orders ) SELECT id FROM x WHERE (id > 2);",
    );
    same_view(
        "SELECT s.id FROM ( SELECT a.id FROM (shop.a a JOIN shop.b b ON ((a.id = b.id)))) s;",
        "SELECT id FROM ( SELECT a.id FROM (shop.a a JOIN shop.b b ON ((a.id = b.id)))) s;",
    );
    same_view(
        "SELECT \"O\".id FROM shop.t \"O\";",
        "SELECT id FROM shop.t \"O\";",
    );
    same_view(
        "SELECT o.id FROM shop.orders o WHERE (EXISTS ( SELECT 1 FROM shop.c c WHERE (c.id = o.customer)));",
        "SELECT id FROM shop.orders o WHERE (EXISTS ( SELECT 1 FROM shop.c c WHERE (c.id = o.customer)));",
    );
}

#[test]
fn a_view_of_several_relations_keeps_its_qualifiers() {
    let join = |column: &str| format!("SELECT {column} FROM (shop.a JOIN shop.b ON ((a.id = b.id)));");
    assert_ne!(of_view(&join("a.id")), of_view(&join("b.id")));
    let list = |column: &str| format!("SELECT {column} FROM shop.a, LATERAL ( SELECT 1) b;");
    assert_ne!(of_view(&list("a.id")), of_view(&list("b.id")));
    assert_ne!(
        of_view("SELECT ((a + b) * c) FROM t"),
        of_view("SELECT (a + (b * c)) FROM t")
    );
}

#[test]
fn literals_bodies_and_numbers_are_left_alone() {
    for kept in [
        "E'back\\'slash  ' || 'two  spaces'",
        "$body$ a  \"json\" $body$ || $1",
        "numeric(12,2)",
        "1.50 + shop.t",
        "ARRAY['a'::text, 'b'::text]",
        "a) unbalanced (b",
    ] {
        assert_eq!(of_sql(kept), kept);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_and_spelling_it_twice_changes_nothing(text in "[a-zA-ZÄ'\"$().,;\\[\\]0-9 \\\\]{0,60}") {
        let once = of_sql(&text);
        prop_assert_eq!(of_sql(&once), once);
    }
}

use proptest::prelude::*;

use super::*;

fn types() -> OperandTypes {
    let columns = [
        ("state", "character varying"),
        ("v", "character varying"),
        ("by", "bytea"),
        ("x", "text"),
        ("d", "date"),
        ("ts", "timestamp without time zone"),
        ("value", "character varying"),
        ("::shop.words", "character varying(9)[]"),
    ];
    OperandTypes::new(columns.map(|(name, printed)| (name.to_owned(), printed.to_owned())))
}

fn statement(printed: &str) -> String {
    normal_form(Form::Statement, printed, &types())
}

fn query(printed: &str) -> String {
    normal_form(Form::Query, printed, &types())
}

fn same(one: &str, other: &str) {
    assert_eq!(statement(one), statement(other));
}

fn different(one: &str, other: &str) {
    assert_ne!(statement(one), statement(other));
}

fn same_query(one: &str, other: &str) {
    assert_eq!(query(one), query(other));
}

#[test]
fn a_cast_of_an_array_is_one_of_its_elements() {
    same(
        "((v)::text = ANY ((ARRAY['a'::character varying, w])::text[]))",
        "((v)::text = ANY (ARRAY[('a'::character varying)::text, (w)::text]))",
    );
    same(
        "((ARRAY[ARRAY[1, 2], ARRAY[3, 4]])::numeric[] = m)",
        "(ARRAY[ARRAY[(1)::numeric, (2)::numeric], ARRAY[(3)::numeric, (4)::numeric]] = m)",
    );
    same(
        "(ARRAY['a'::text, v])::shop.words",
        "(ARRAY[('a'::text)::character varying(9), (v)::character varying(9)])::shop.words",
    );
    different(
        "(ARRAY['a'::text])::shop.words",
        "(ARRAY[('a'::text)::character varying(1)])::shop.words",
    );
    // The type behind this domain is unknown.
    different("(ARRAY[v])::shop.other", "(ARRAY[(v)::text])::shop.other");
    different("(ARRAY[1, 2])::numeric[]", "(ARRAY[1, 2])::bigint[]");
    different("(ARRAY[1, 2])::numeric(5,2)[]", "(ARRAY[1, 2])::numeric[]");
    assert_eq!(
        statement("(ARRAY[]::text[])::character varying[]"),
        "(ARRAY[]::text[])::character varying[]"
    );
}

#[test]
fn a_group_that_stands_first_joins_its_chain() {
    same(
        "(((a >= 1) AND (a <= 9)) AND (b > 0))",
        "((a >= 1) AND (a <= 9) AND (b > 0))",
    );
    same(
        "((((a = b) OR (a = c)) OR (a = d)) OR e)",
        "((a = b) OR (a = c) OR (a = d) OR e)",
    );
    different(
        "((b > 0) AND ((a >= 1) AND (a <= 9)))",
        "((b > 0) AND (a >= 1) AND (a <= 9))",
    );
    different("((a AND b) OR c)", "(a AND (b OR c))");
    different("((a AND b) OR c)", "(a AND b AND c)");
    assert_eq!(
        statement("(ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"),
        "(ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"
    );
}

#[test]
fn a_minus_before_a_number_is_a_constant() {
    same("(i > (- 1))", "(i > '-1'::integer)");
    same("(m > (- 1.5))", "(m > '-1.5'::numeric)");
    different("(i > (- 1))", "(i > '-1'::bigint)");
    different("(i > (- j))", "(i > (- k))");
    different("(i - 1)", "(i - '-1'::integer)");
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
        "'\"json\"'",
    ] {
        assert_eq!(statement(kept), kept);
    }
    different("(ok = \"true\")", "(ok = true)");
    different("\"NULL\"", "NULL");
}

#[test]
fn a_time_zone_is_a_call() {
    same("timezone('utc'::text, now())", "(now() AT TIME ZONE 'utc'::text)");
    same(
        "timezone('a'::text, timezone('b'::text, at))",
        "((at AT TIME ZONE 'b'::text) AT TIME ZONE 'a'::text)",
    );
    same(
        "timezone('utc'::text, (d)::timestamp with time zone)",
        "(d AT TIME ZONE 'utc'::text)",
    );
    different(
        "timezone('utc'::text, (ts)::timestamp with time zone)",
        "(ts AT TIME ZONE 'utc'::text)",
    );
    different(
        "timezone('utc'::text, (d)::timestamp without time zone)",
        "(d AT TIME ZONE 'utc'::text)",
    );
    different(
        "shop.timezone('utc'::text, now())",
        "(now() AT TIME ZONE 'utc'::text)",
    );
}

#[test]
fn calls_in_the_syntax_of_sql_are_calls() {
    same(
        "\"substring\"((state)::text, 1, 2)",
        "SUBSTRING(state FROM 1 FOR 2)",
    );
    same(
        "\"substring\"((VALUE)::text, 1, 2)",
        "SUBSTRING(VALUE FROM 1 FOR 2)",
    );
    same(
        "\"substring\"((COALESCE(v, x))::text, 2)",
        "SUBSTRING(COALESCE(v, x) FROM 2)",
    );
    same(
        "\"substring\"(x, y, '#'::text)",
        "SUBSTRING(x SIMILAR y ESCAPE '#'::text)",
    );
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
        "\"overlay\"((v)::text, 'x'::text, 1, 1)",
        "OVERLAY(v PLACING 'x'::text FROM 1 FOR 1)",
    );
    same("pg_collation_for(v)", "COLLATION FOR (v)");
    same(
        "\"xmlexists\"('//a'::text, doc)",
        "XMLEXISTS(('//a'::text) PASSING (doc))",
    );
    same("\"normalize\"((v)::text, 'NFD'::text)", "NORMALIZE(v, NFD)");
    same("is_normalized((v)::text)", "(v IS NORMALIZED)");
    same("is_normalized(x, 'NFC'::text)", "(x IS NFC NORMALIZED)");
    same(
        "\"overlaps\"((d)::timestamp with time zone, (d)::timestamp with time zone, (d)::timestamp with time zone, '1 day'::interval)",
        "((d, d) OVERLAPS (d, '1 day'::interval))",
    );
    same(
        "(s ~ similar_escape('b%'::text, NULL::text))",
        "(s ~ similar_to_escape('b%'::text))",
    );
    same(
        "XMLSERIALIZE(CONTENT doc AS text NO INDENT)",
        "XMLSERIALIZE(CONTENT doc AS text)",
    );
    different("SUBSTRING(state FROM 1)", "SUBSTRING(state FROM 2)");
    different("TRIM(LEADING 'x' FROM a)", "TRIM(TRAILING 'x' FROM a)");
    different(
        "XMLSERIALIZE(CONTENT doc AS text INDENT)",
        "XMLSERIALIZE(CONTENT doc AS text)",
    );
}

#[test]
fn a_cast_is_left_out_only_where_the_parser_adds_it() {
    different("SUBSTRING(by FROM 1)", "SUBSTRING((by)::text FROM 1)");
    different("\"substring\"(by, 1)", "\"substring\"((by)::text, 1)");
    different("SUBSTRING(unknown FROM 1)", "SUBSTRING((unknown)::text FROM 1)");
    different("shop.ltrim(v)", "shop.ltrim((v)::text)");
    different("shop.ltrim(v)", "ltrim(v)");
    different("upper(v)", "upper((v)::text)");
    different("COLLATION FOR (v)", "COLLATION FOR ((v)::text)");
    different(
        "timezone('utc'::text, (d)::timestamp(0) with time zone)",
        "(d AT TIME ZONE 'utc'::text)",
    );
}

#[test]
fn an_alias_is_left_out_only_where_it_is_the_name_of_the_type() {
    same("(SELECT 'x'::text AS text)", "(SELECT 'x'::text)");
    same("(SELECT '1'::integer AS int4)", "(SELECT '1'::integer)");
    different("(SELECT 'x'::text AS name)", "(SELECT 'x'::text)");
    different("(SELECT '1'::integer AS int8)", "(SELECT '1'::integer)");
}

#[test]
fn a_view_of_one_relation_names_it_or_not() {
    for (before, since) in [
        (
            " SELECT orders.id,\n    orders.total\n   FROM shop.orders\n  WHERE (orders.total > (1)::numeric)",
            " SELECT id,\n    total\n   FROM shop.orders\n  WHERE (total > (1)::numeric)",
        ),
        (
            "SELECT o.id FROM ONLY shop.orders o ORDER BY o.id",
            "SELECT id FROM ONLY shop.orders o ORDER BY id",
        ),
        (
            "SELECT g.i FROM generate_series(1, 3) g(i)",
            "SELECT i FROM generate_series(1, 3) g(i)",
        ),
        (
            "WITH x AS ( SELECT orders.id FROM shop.orders ) SELECT x.id FROM x WHERE (x.id > 2)",
            "WITH x AS ( SELECT orders.id FROM shop.orders ) SELECT id FROM x WHERE (id > 2)",
        ),
        ("SELECT \"O\".id FROM shop.t \"O\"", "SELECT id FROM shop.t \"O\""),
        (
            "SELECT o.id FROM shop.orders o WHERE (EXISTS ( SELECT 1 FROM shop.c c WHERE (c.id = o.customer)))",
            "SELECT id FROM shop.orders o WHERE (EXISTS ( SELECT 1 FROM shop.c c WHERE (c.id = o.customer)))",
        ),
        (
            "SELECT (z.pr).a AS a FROM shop.t z",
            "SELECT (pr).a AS a FROM shop.t z",
        ),
    ] {
        same_query(before, since);
    }
}

#[test]
fn only_a_column_loses_the_name_in_front() {
    for kept in [
        "SELECT shop.f(id) AS f FROM shop.shop",
        "SELECT id::shop.code AS c FROM shop.shop",
        "SELECT (id COLLATE shop.german) AS c FROM shop.shop",
        "SELECT s.* FROM shop.shop s",
        "SELECT a.id FROM (shop.a JOIN shop.b ON ((a.id = b.id)))",
        "SELECT a.id FROM shop.a UNION SELECT b.id FROM shop.b",
        "SELECT a.id FROM shop.a, LATERAL (SELECT 1) b",
    ] {
        assert_eq!(query(kept).replace("(id)::", "id::"), kept);
    }
}

#[test]
fn an_argument_goes_in_by_default() {
    let arguments = |printed| normal_form(Form::Arguments, printed, &types());
    assert_eq!(
        arguments("IN a integer DEFAULT 1, OUT b text, IN c text DEFAULT 'x, IN y'::text"),
        "a integer DEFAULT 1, OUT b text, c text DEFAULT 'x, IN y'::text"
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
        "a[1:2]",
        "a) unbalanced (b",
    ] {
        assert_eq!(statement(kept), kept);
    }
}

/// SQL with balanced parentheses, made of the keywords in the rules.
fn sql() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a",
        "v",
        "\"true\"",
        "true",
        "AND",
        "OR",
        "NOT",
        "ARRAY",
        "::text",
        "::text[]",
        "::numeric(5,2)[]",
        "::character varying(3)",
        "- ",
        "1",
        "1.5",
        ",",
        "shop.a",
        "SUBSTRING",
        "substring",
        "FROM",
        "AT TIME ZONE",
        "'x'",
        "\"Odd\"",
        "SELECT",
        "shop",
        "IN",
        "IS",
        "NORMALIZED",
        "OVERLAPS",
        "COALESCE",
        "XMLSERIALIZE",
        "NO INDENT",
        "POSITION",
        "TRIM",
        "BOTH",
        "COLLATION FOR",
    ]);
    let word = word.prop_map(str::to_owned);
    word.prop_recursive(4, 40, 6, |inner| {
        let list = prop::collection::vec(inner, 1..6);
        (list, 0..4).prop_map(|(parts, shape)| match shape {
            0 => format!("({})", parts.join(" ")),
            1 => format!(" ({})", parts.join("")),
            2 => format!("[{}]", parts.join(", ")),
            _ => parts.join(" "),
        })
    })
}

proptest! {
    #[test]
    fn the_normal_form_is_its_own_normal_form(printed in sql()) {
        let once = statement(&printed);
        prop_assert_eq!(statement(&once), once);
    }

    #[test]
    fn any_text_has_a_normal_form(text in "[a-zA-ZÄ'\"$().,;:\\[\\]0-9 \\\\]{0,60}") {
        let _ = (statement(&text), query(&text));
    }
}

//! The common form of a row, as SQL. The table is `q` everywhere.

use std::fmt::Write as _;

use crossover_core::rows::{ColumnEncoding, ColumnPlan, HashPlan, Hashing};

use crate::quoting::ident;

/// Marks the chain over a key, so that a key's bucket has nothing to do with its row's hash.
const KEY_CHAIN: i64 = 0x6b65_7900;
/// Nullable columns whose bits go into one number.
const BITS: usize = 62;

/// Any two moments do as origins: a span is hashed by folding its halves onto each other, and no two moments
/// fold alike from both.
const ORIGINS: [&str; 2] = ["2000-01-01 00:00:00", "2013-07-19 03:47:11.582913"];
/// Longer than any span between two moments.
const FOREVER: &str = "170000000 years";

/// A row's number.
pub fn row_hash(form: &HashPlan) -> String {
    let columns: Vec<&ColumnPlan> = form.columns.iter().collect();
    hash(form.hashing, &columns, form.seed)
}

/// A key's number; only good for buckets.
pub fn key_hash(form: &HashPlan) -> String {
    let columns: Vec<&ColumnPlan> = form.key_columns().collect();
    hash(form.hashing, &columns, form.seed ^ KEY_CHAIN)
}

/// The key as an array of texts.
pub fn key_text(form: &HashPlan) -> String {
    array(form.key_columns())
}

/// All columns as an array of texts.
pub fn values_text(form: &HashPlan) -> String {
    array(form.columns.iter())
}

/// All columns as one text: it tells NULL from an empty text, and where one column ends.
pub fn row_text(form: &HashPlan) -> String {
    record(form.columns.iter())
}

fn array<'a>(columns: impl Iterator<Item = &'a ColumnPlan>) -> String {
    format!(
        "array[{}]::text[]",
        columns.map(printed).collect::<Vec<_>>().join(", ")
    )
}

fn record<'a>(columns: impl Iterator<Item = &'a ColumnPlan>) -> String {
    let texts: Vec<String> = columns.map(printed).collect();
    format!("(row({})::text collate \"C\")", texts.join(", "))
}

fn hash(hashing: Hashing, columns: &[&ColumnPlan], seed: i64) -> String {
    match hashing {
        Hashing::TypedHash => chain(columns, seed),
        Hashing::Md5 | Hashing::Stream => {
            let text = record(columns.iter().copied());
            format!("('x' || substr(md5('{seed}' || {text}), 1, 16))::bit(64)::int8")
        }
    }
}

/// The column's value as text; NULL stays NULL. `is not distinct from null` because a record of NULLs `is
/// null` too.
pub fn printed(column: &ColumnPlan) -> String {
    let name = column_name(column);
    match column.form {
        ColumnEncoding::TypeOutput if column.nullable => {
            format!("case when {name} is not distinct from null then null else concat({name}) end")
        }
        ColumnEncoding::TypeOutput => format!("concat({name})"),
        _ => format!("{name}::text"),
    }
}

fn column_name(column: &ColumnPlan) -> String {
    format!("q.{}", ident(&column.name))
}

/// Each link hashes a column's value with everything before it as seed. Every step maps different values to
/// different states as far as 64 bits can.
fn chain(columns: &[&ColumnPlan], seed: i64) -> String {
    let mut state = format!("'{seed}'::int8");
    let nullable: Vec<&&ColumnPlan> = columns.iter().filter(|c| c.nullable).collect();
    for (place, group) in nullable.chunks(BITS).enumerate() {
        let bits: Vec<String> = group
            .iter()
            .enumerate()
            .map(|(bit, column)| {
                let name = column_name(column);
                format!(
                    "case when {name} is not distinct from null then '{}'::int8 else '0'::int8 end",
                    1i64 << bit
                )
            })
            .collect();
        state = format!("hashint4extended({place}, {state} # ({}))", bits.join(" | "));
    }
    for (place, column) in columns.iter().enumerate() {
        state = link(place, column, &state);
    }
    state
}

fn link(place: usize, column: &ColumnPlan, state: &str) -> String {
    let name = column_name(column);
    let value = |sql_type: &str, instead: &str| {
        if column.nullable {
            format!("coalesce({name}::{sql_type}, {instead})")
        } else {
            format!("{name}::{sql_type}")
        }
    };
    match column.form {
        ColumnEncoding::Int4 => format!("hashint4extended({}, {state})", value("int4", "0")),
        ColumnEncoding::Int8 => format!("hashint4extended({place}, {state} # {})", value("int8", "0")),
        ColumnEncoding::Bool => format!("hashint4extended({}::int4, {state})", value("bool", "false")),
        ColumnEncoding::Uuid => format!(
            "uuid_hash_extended({}, {state})",
            value("uuid", "'00000000-0000-0000-0000-000000000000'::uuid")
        ),
        ColumnEncoding::Text | ColumnEncoding::TextCast => {
            format!("hashtextextended({} collate \"C\", {state})", value("text", "''"))
        }
        ColumnEncoding::Date => {
            let value = value("date", "'2000-01-01'::date");
            format!(
                "hashint4extended(case when isfinite({value}) then {value} - '2000-01-01'::date \
                 when {value} > '2000-01-01'::date then 2147483647 else -2147483648 end, {state})"
            )
        }
        ColumnEncoding::Timestamp => moment("timestamp", &value, state),
        ColumnEncoding::TimestampTz => moment("timestamptz", &value, state),
        ColumnEncoding::FixedNumeric { .. } => {
            // hash_numeric leaves the sign out.
            let value = value("numeric", "0::numeric");
            format!("hashint4extended(({value} < 0)::int4, hash_numeric_extended({value}, {state}))")
        }
        ColumnEncoding::TypeOutput => format!("hashtextextended(concat({name}) collate \"C\", {state})"),
    }
}

fn moment(sql_type: &str, value: &dyn Fn(&str, &str) -> String, state: &str) -> String {
    let zone = if sql_type == "timestamptz" { "+00" } else { "" };
    let mut state = state.to_owned();
    for origin in ORIGINS {
        let origin = format!("'{origin}{zone}'::{sql_type}");
        let value = value(sql_type, &origin);
        state = format!(
            "interval_hash_extended(case when isfinite({value}) then {value} - {origin} \
             when {value} > {origin} then '{FOREVER}'::interval else '-{FOREVER}'::interval end, {state})"
        );
    }
    state
}

/// The aggregate that hashes all rows of a table in one statement and nothing else: what a comparison cannot
/// be cheaper than.
pub fn bare_aggregate(form: &HashPlan, from: &str) -> String {
    let mut sql = String::new();
    // Writing into a string cannot fail.
    let _ = write!(
        sql,
        "select count(*) as rows, sum({})::text as sum from {from} q",
        row_hash(form)
    );
    sql
}

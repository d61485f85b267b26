//! SQL expressions that hash and print rows in a form that is equal on both sides. The table is always called
//! `q`.

use std::fmt::Write as _;

use crossover_core::rows::{ColumnEncoding, ColumnPlan, HEAD_CHARACTERS, HashPlan, Hashing, LONG_BYTES};

use crate::quoting::ident;

/// Changes the seed for hashes of keys, so that a key's bucket is independent of its row's hash.
const KEY_CHAIN: i64 = 0x6b65_7900;
/// Number of nullable columns whose NULL bits fit into one number.
const BITS: usize = 62;

/// Two arbitrary timestamps as origins. The hash of an interval combines its two halves, so different
/// timestamps can collide relative to one origin, but not relative to both.
const ORIGINS: [&str; 2] = ["2000-01-01 00:00:00", "2013-07-19 03:47:11.582913"];
/// Longer than any interval between two timestamps.
const FOREVER: &str = "170000000 years";

/// The hash of a row.
pub fn row_hash(form: &HashPlan) -> String {
    let columns: Vec<&ColumnPlan> = form.columns.iter().collect();
    hash(form.hashing, &columns, form.seed)
}

/// The hash of a key, used for buckets only.
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

/// The bytes of all columns' texts, the long ones shortened, and after them as many that are NULL for a whole value and
/// the length and hash of a long one. They are of UTF-8, whatever the server's encoding; a database without an encoding
/// has bytes that may be no text, which only this form can send.
pub fn values_shown(form: &HashPlan) -> String {
    let measure = convert("octet_length(b) || ' ' || encode(sha256(b), 'hex')");
    format!(
        "(select array_agg(case when octet_length(b) > {LONG_BYTES} then {} else b end order by n) \
         || array_agg(case when octet_length(b) > {LONG_BYTES} then {measure} end order by n) \
         from (select v, n, {} as b from unnest({}) with ordinality u (v, n) offset 0) u)",
        convert(&format!("left(v, {HEAD_CHARACTERS})")),
        convert("v"),
        values_text(form)
    )
}

/// The bytes of a text in UTF-8, or as they are.
fn convert(text: &str) -> String {
    format!(
        "convert_to({text}, case getdatabaseencoding() when 'SQL_ASCII' then 'SQL_ASCII' else 'UTF8' end)"
    )
}

/// All columns as one text, in which NULL differs from an empty text and columns are separated.
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

/// The column's value as text; NULL stays NULL. `is not distinct from null`, because `is null` is also true
/// for a record of NULLs.
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

/// Chains the hashes of the columns: the seed for each column is the hash of all previous columns. Within 64
/// bits, every step maps different values to different states.
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
        ColumnEncoding::Timestamp => timestamp_hash("timestamp", &value, state),
        ColumnEncoding::TimestampTz => timestamp_hash("timestamptz", &value, state),
        ColumnEncoding::FixedNumeric { .. } => {
            // hash_numeric ignores the sign.
            let value = value("numeric", "0::numeric");
            format!("hashint4extended(({value} < 0)::int4, hash_numeric_extended({value}, {state}))")
        }
        ColumnEncoding::TypeOutput => format!("hashtextextended(concat({name}) collate \"C\", {state})"),
    }
}

fn timestamp_hash(sql_type: &str, value: &dyn Fn(&str, &str) -> String, state: &str) -> String {
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

/// The statement that only hashes all rows of a table: the lower bound of a comparison's cost.
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

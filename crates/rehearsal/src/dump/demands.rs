//! Features that a dump requires and that not every server has: found before the load, so that all of them
//! are reported at once.

use std::{collections::BTreeSet, ops::Range};

use tokio_postgres::{Client, error::SqlState};

use super::scan::Word;

/// A feature that a server may lack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    Extension(String),
    /// A function in C, and the file that contains the function.
    Library {
        function: String,
        library: String,
    },
    Setting(String),
    Tablespace(String),
    /// Compression of large values with lz4; with `alone` the statement does nothing else.
    Lz4 {
        alone: bool,
    },
}

/// A required feature and its line in the dump.
#[derive(Debug, Clone)]
pub(super) struct Demand {
    pub need: Need,
    pub line: usize,
    pub bytes: Range<u64>,
}

/// The feature that a statement requires, if any.
pub(super) fn of_statement(words: &[Word]) -> Option<Need> {
    let is = |at: usize, keyword: &str| words.get(at).is_some_and(|word| word.is(keyword));
    let value = |at: usize| words.get(at).and_then(Word::value).map(str::to_owned);
    if is(0, "create") && is(1, "extension") {
        let at = if is(2, "if") { 5 } else { 2 };
        return value(at).map(Need::Extension);
    }
    if is(0, "set") {
        return of_setting(words);
    }
    if is(0, "create")
        && let Some(at) = (1..4).find(|&at| is(at, "function") || is(at, "procedure"))
    {
        return of_function(&words[at + 1..]);
    }
    let lz4 = words
        .windows(2)
        .position(|pair| pair[0].is("compression") && pair[1].value() == Some("lz4"))?;
    let table = (is(0, "alter") || is(0, "create")) && words.iter().take(5).any(|word| word.is("table"));
    let alone = is(0, "alter")
        && lz4 + 2 == words.len()
        && is(lz4.checked_sub(1)?, "set")
        && !words.contains(&Word::Mark(','));
    table.then_some(Need::Lz4 { alone })
}

fn of_setting(words: &[Word]) -> Option<Need> {
    let at = 1 + usize::from(words.get(1).is_some_and(|w| w.is("session") || w.is("local")));
    let name = words.get(at)?.value()?;
    let assigned = words
        .get(at + 1)
        .is_some_and(|word| *word == Word::Mark('=') || word.is("to"));
    let set_to = words.get(at + 2).and_then(Word::value).unwrap_or_default();
    match name {
        _ if !assigned => None,
        "default_tablespace" | "temp_tablespaces" => {
            (!set_to.is_empty()).then(|| Need::Tablespace(set_to.to_owned()))
        }
        "default_toast_compression" if set_to == "lz4" => Some(Need::Lz4 { alone: true }),
        name => Some(Need::Setting(name.to_owned())),
    }
}

fn of_function(words: &[Word]) -> Option<Need> {
    let in_c = words.windows(2).any(|pair| {
        pair[0].is("language")
            && pair[1]
                .value()
                .is_some_and(|language| language.eq_ignore_ascii_case("c"))
    });
    let library = words.windows(2).find_map(|pair| match &pair[1] {
        Word::Text(library) if pair[0].is("as") => Some(library.clone()),
        _ => None,
    })?;
    let name: String = words
        .iter()
        .take_while(|word| **word != Word::Mark('('))
        .map(|word| word.value().unwrap_or("."))
        .collect();
    in_c.then_some(Need::Library {
        function: name,
        library,
    })
}

/// The required features that a server lacks.
pub(super) async fn unmet(
    client: &Client,
    demands: &[Demand],
) -> Result<BTreeSet<Need>, tokio_postgres::Error> {
    let has = async |sql: &str, name: &str| -> Result<bool, tokio_postgres::Error> {
        Ok(client.query_one(sql, &[&name]).await?.get(0))
    };
    let needs: BTreeSet<&Need> = demands.iter().map(|demand| &demand.need).collect();
    let mut unmet = BTreeSet::new();
    for need in needs {
        let met = match need {
            Need::Extension(name) => {
                let sql = "select exists (select from pg_available_extensions where name = $1::text)";
                has(sql, name).await?
            }
            Need::Setting(name) => {
                let sql = "select current_setting($1::text, true) is not null";
                has(sql, name).await?
            }
            Need::Tablespace(name) => {
                has(
                    "select exists (select from pg_tablespace where spcname = $1::text)",
                    name,
                )
                .await?
            }
            Need::Lz4 { .. } => {
                let sql = "select exists (select from pg_settings where name = 'default_toast_compression' and $1::text = any (enumvals))";
                has(sql, "lz4").await?
            }
            Need::Library { library, .. } => loads(client, library).await?,
        };
        if !met {
            unmet.insert(need.clone());
        }
    }
    Ok(unmet)
}

/// Whether the server finds the file, as `create function` would.
async fn loads(client: &Client, library: &str) -> Result<bool, tokio_postgres::Error> {
    let load = format!("load '{}'", library.replace('\'', "''"));
    match client.batch_execute(&load).await {
        Ok(()) => Ok(true),
        Err(error)
            if error.code().is_some_and(|code| {
                [
                    SqlState::UNDEFINED_FILE,
                    SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
                ]
                .contains(code)
            }) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

impl Need {
    /// The missing feature and the remedy; `None` if the statement can be left out.
    pub(super) fn objection(&self) -> Option<String> {
        Some(match self {
            Self::Lz4 { alone: true } => return None,
            Self::Lz4 { alone: false } => {
                "compression lz4, which the servers of the rehearsal lack: make the dump with `pg_dump --no-toast-compression`".to_owned()
            }
            Self::Extension(name) => format!(
                "extension {name}: the servers of the rehearsal have PostgreSQL's own contrib extensions only; make the dump without \
                 it and what depends on it (`pg_dump --exclude-extension`, from version 17)"
            ),
            Self::Library { function, library } => format!(
                "function {function} in C needs {library}, which the servers of the rehearsal lack: drop it, and what depends on it, from \
                 a copy of the database and dump that"
            ),
            Self::Setting(name) => format!(
                "setting {name} is unknown to one of the servers: make the dump with the pg_dump of the source's version, or delete \
                 that SET line"
            ),
            Self::Tablespace(name) => {
                format!("tablespace {name}: make the dump with `pg_dump --no-tablespaces`")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::scan::{Piece, scan};

    fn needs(dump: &str) -> Vec<Need> {
        let mut found = Vec::new();
        scan(dump.as_bytes(), |piece| {
            if let Piece::Statement { words, .. } = piece {
                found.extend(of_statement(&words));
            }
        })
        .unwrap();
        found
    }

    #[test]
    fn features_that_not_every_server_has_are_found() {
        let setting = |name: &str| Need::Setting(name.to_owned());
        let cases = [
            (
                "CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;",
                vec![Need::Extension("postgis".into())],
            ),
            (
                "create extension \"uuid-ossp\";",
                vec![Need::Extension("uuid-ossp".into())],
            ),
            (
                "SET transaction_timeout = 0;",
                vec![setting("transaction_timeout")],
            ),
            ("set local lock_timeout to '1s';", vec![setting("lock_timeout")]),
            ("SET default_tablespace = '';", vec![]),
            (
                "SET default_tablespace = fast;",
                vec![Need::Tablespace("fast".into())],
            ),
            (
                "SET app.user = 'x'; SET SESSION AUTHORIZATION 'a'; set role b; set time zone 'UTC';",
                vec![],
            ),
            (
                "ALTER TABLE ONLY public.t ALTER COLUMN v SET COMPRESSION lz4;",
                vec![Need::Lz4 { alone: true }],
            ),
            ("alter table t alter v set compression pglz;", vec![]),
            (
                "alter table t alter v set compression lz4, add w int;",
                vec![Need::Lz4 { alone: false }],
            ),
            (
                "create table t (v text compression lz4);",
                vec![Need::Lz4 { alone: false }],
            ),
            ("select 'create table t (v text compression lz4)';", vec![]),
            (
                "CREATE OR REPLACE FUNCTION s.hash(text) RETURNS int LANGUAGE c STRICT AS '$libdir/own', 'hash';",
                vec![Need::Library {
                    function: "s.hash".into(),
                    library: "$libdir/own".into(),
                }],
            ),
            (
                "create function f() returns int language sql as 'select 1';",
                vec![],
            ),
        ];
        for (dump, expected) in cases {
            assert_eq!(needs(dump), expected, "{dump}");
        }
    }
}

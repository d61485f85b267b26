//! The tables that a rehearsal migrates, and those that the change stream cannot carry.

use std::collections::{BTreeMap, BTreeSet};

use crossover_core::{
    catalogue::{ReplicaIdentity, TableFacts, TableName},
    plan::Scope,
    schema::{IdentityFault, identity_faults},
};
use crossover_postgres::identity_sql;
use crossover_verify::rows::Selection;

use crate::error::{RehearsalError, Result};

/// The tables of a rehearsal.
pub struct Tables {
    /// All tables without those of `--exclude`.
    pub scope: Scope,
    /// Tables that the stream carries.
    pub carried: Vec<TableName>,
    /// Tables in scope that the stream does not carry; partitions and child tables by their parent.
    pub faults: Vec<IdentityFault>,
    /// Tables in scope that the stream does not carry, each listed separately.
    pub not_carried: Vec<TableName>,
    /// The same by their topmost parents, sorted.
    roots: BTreeSet<TableName>,
    /// The given `--exclude`.
    given: Vec<String>,
    /// SQL that gives these tables a replica identity.
    pub identity_sql: Option<String>,
}

impl Tables {
    /// Removes the tables that match `exclude` (with their partitions and child tables), and sorts the rest.
    ///
    /// # Errors
    /// Names that match no table, all at once.
    pub fn of(all: &[TableFacts], exclude: &[String]) -> Result<Self> {
        let unknown: Vec<String> = exclude
            .iter()
            .filter(|pattern| !all.iter().any(|t| is_named(&t.table, pattern)))
            .cloned()
            .collect();
        if !unknown.is_empty() {
            return Err(RehearsalError::UnknownTables(unknown));
        }
        let parents: BTreeMap<&TableName, &TableName> = all
            .iter()
            .filter_map(|t| Some((&t.table, t.partition_of.as_ref().or(t.child_of.as_ref())?)))
            .collect();
        let is_excluded = |table: &TableName| {
            std::iter::successors(Some(table), |table| parents.get(table).copied())
                .any(|table| exclude.iter().any(|pattern| is_named(table, pattern)))
        };
        let (excluded, in_scope): (Vec<TableFacts>, Vec<TableFacts>) =
            all.iter().cloned().partition(|t| is_excluded(&t.table));
        let excluded: Vec<TableName> = excluded.into_iter().map(|t| t.table).collect();
        // The pre-checks report the tables that the stream does not carry.
        let (carried, left): (Vec<&TableFacts>, Vec<&TableFacts>) = in_scope
            .iter()
            .filter(|t| !t.partitioned)
            .partition(|t| !t.unlogged && !matches!(t.identity, ReplicaIdentity::Missing(_)));
        let names =
            |tables: Vec<&TableFacts>| tables.into_iter().map(|t| t.table.clone()).collect::<Vec<_>>();
        let not_carried = names(left);
        // A partitioned table is compared as a whole.
        let parents_of_left = in_scope.iter().filter(|parent| {
            parent.partitioned
                && not_carried.iter().any(|table| {
                    std::iter::successors(Some(table), |table| parents.get(table).copied())
                        .any(|above| *above == parent.table)
                })
        });
        let parents_of_left: Vec<TableName> = parents_of_left.map(|t| t.table.clone()).collect();
        let roots = not_carried.iter().filter_map(|table| {
            std::iter::successors(Some(table), |table| parents.get(table).copied()).last()
        });
        Ok(Self {
            roots: roots.cloned().collect(),
            given: exclude.to_vec(),
            scope: Scope::default().without(&excluded),
            carried: names(carried),
            faults: identity_faults(&in_scope)
                .into_iter()
                .filter(|fault| matches!(fault.identity, ReplicaIdentity::Missing(_)))
                .collect(),
            identity_sql: identity_sql(&in_scope),
            not_carried: [not_carried, parents_of_left].concat(),
        })
    }

    /// The option that also excludes the tables which cannot be carried; `None` if all can be.
    pub fn exclude_option(&self) -> Option<String> {
        if self.roots.is_empty() {
            return None;
        }
        let given = self.given.iter().cloned();
        let names: Vec<String> = given.chain(self.roots.iter().map(ToString::to_string)).collect();
        let names = names.join(",");
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.,-".contains(c);
        match names.as_str() {
            names if names.chars().all(plain) => Some(format!("--exclude {names}")),
            names => Some(format!("--exclude '{}'", names.replace('\'', "'\\''"))),
        }
    }
}

fn is_named(table: &TableName, pattern: &str) -> bool {
    let selection = Selection {
        tables: Vec::new(),
        exclude: vec![pattern.to_owned()],
    };
    !selection.holds(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossover_core::catalogue::MissingIdentity;

    fn named(name: &str) -> TableName {
        TableName {
            schema: "public".into(),
            name: name.into(),
        }
    }

    fn table(name: &str, of: Option<&str>, has_key: bool) -> TableFacts {
        TableFacts {
            table: named(name),
            partition_of: of.map(named),
            identity: if has_key {
                ReplicaIdentity::Key
            } else {
                ReplicaIdentity::Missing(MissingIdentity::NoPrimaryKey)
            },
            ..TableFacts::default()
        }
    }

    fn tables() -> Vec<TableFacts> {
        let parent = TableFacts {
            partitioned: true,
            ..table("events", None, false)
        };
        vec![
            parent,
            table("events_1", Some("events"), false),
            table("events_2", Some("events"), false),
            table("log", None, false),
            table("orders", None, true),
        ]
    }

    #[test]
    fn a_run_with_the_printed_option_carries_all_other_tables() {
        let first = Tables::of(&tables(), &[]).unwrap();
        assert_eq!(first.carried, [named("orders")]);
        assert_eq!(
            first.not_carried,
            ["events_1", "events_2", "log", "events"].map(named)
        );
        let option = first.exclude_option().unwrap();
        assert_eq!(option, "--exclude public.events,public.log");
        assert!(
            first
                .identity_sql
                .is_some_and(|sql| sql.contains("\"events_2\" replica identity full"))
        );
        let exclude: Vec<String> = option["--exclude ".len()..]
            .split(',')
            .map(str::to_owned)
            .collect();
        let second = Tables::of(&tables(), &exclude).unwrap();
        assert_eq!(second.exclude_option(), None);
        assert_eq!((second.identity_sql, second.not_carried), (None, Vec::new()));
        assert!(!second.scope.holds("public", "events_2") && second.scope.holds("public", "orders"));
    }

    #[test]
    fn the_printed_option_keeps_what_was_excluded_already() {
        let tables = Tables::of(&tables(), &["log".to_owned()]).unwrap();
        assert_eq!(
            tables.exclude_option().as_deref(),
            Some("--exclude log,public.events")
        );
    }

    #[test]
    fn names_without_a_table_are_refused_all_at_once() {
        let unknown = ["nix", "log", "nor.this"].map(str::to_owned);
        let error = Tables::of(&tables(), &unknown).err().unwrap().to_string();
        assert!(
            error.contains("nix, nor.this") && !error.contains("log"),
            "{error}"
        );
    }
}

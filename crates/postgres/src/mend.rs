//! SQL that gives tables a replica identity, for a person to read, complete and run.

use std::fmt::Write as _;

use crossover_core::catalogue::{MissingIdentity, ReplicaIdentity, TableFacts};

use crate::quoting::{ident, qualified};

const HEAD: &str = "\
-- Tables whose updates and deletes cannot be replicated as they are. Read each statement, then run it on both
-- sides.
--
-- replica identity using index   costs nothing more than the index; test_decoding, pgoutput and pglogical
-- take it. a primary key                  is the best where the rows have one: reading the table once, under
-- a lock that stops writes. replica identity full          every update and delete writes the whole old row
-- to the log, and finds its row on the other side by reading the table. test_decoding and pgoutput take it,
-- DMS with pglogical does not. Equal rows stay equal: they are counted, not told apart.
";

/// A statement for each table that lacks an identity, a partitioned table's partitions one by one; none when
/// no table does.
pub fn identity_sql(tables: &[TableFacts]) -> Option<String> {
    let mut sql = String::from(HEAD);
    let mut any = false;
    for table in tables.iter().filter(|t| !t.partitioned) {
        let ReplicaIdentity::Missing(missing) = table.identity else {
            continue;
        };
        any = true;
        let name = qualified(&table.table.schema, &table.table.name);
        // Writing into a string cannot fail.
        let _ = write!(
            sql,
            "\n-- {} {}",
            table.table.to_string().replace(['\n', '\r'], " "),
            missing.because()
        );
        if let Some(parent) = table.partition_of.as_ref().or(table.child_of.as_ref()) {
            let _ = write!(sql, " (under {})", parent.to_string().replace(['\n', '\r'], " "));
        }
        sql.push('\n');
        let restores_default = missing == MissingIdentity::Nothing && !table.primary_key.is_empty();
        let _ = match &table.unique_index {
            _ if restores_default => writeln!(sql, "alter table {name} replica identity default;"),
            Some(index) => writeln!(
                sql,
                "alter table {name} replica identity using index {};",
                ident(index)
            ),
            None => writeln!(
                sql,
                "-- alter table {name} add primary key (...);\nalter table {name} replica identity full;"
            ),
        };
    }
    any.then_some(sql)
}

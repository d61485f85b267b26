//! SQL that gives tables a replica identity, for the DBA to read, complete and run.

use std::fmt::Write as _;

use crossover_core::catalogue::{MissingIdentity, ReplicaIdentity, TableFacts};

use crate::quoting::{ident, qualified};

const HEAD: &str = "\
-- Tables whose updates and deletes cannot be replicated yet. Read each statement, then run it on both sides.
--
-- replica identity using index   needs no more than the index; supported by test_decoding, pgoutput and pglogical.
-- a primary key                  is best where the rows have one: PostgreSQL reads the table once, under a lock that
--                                stops writes.
-- replica identity full          every update and delete writes the whole old row to the log, and the other side finds
--                                the row by reading the table. Supported by test_decoding and pgoutput, not by DMS with
--                                pglogical. Identical rows can be counted but not distinguished.
";

/// A statement for each table without a replica identity, and for each such partition of a partitioned table;
/// `None` when every table has an identity.
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

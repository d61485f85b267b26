//! What Crossover's own tables lack, as a pure rule over facts of the catalogue.

use crossover_core::catalogue::Shortfall;

use crate::quoting::ident;

const MARKER: &str = "catch_up_marker";
const SNAPSHOT: &str = "access_snapshot";
/// The columns of the marker table as the catalogue prints them, sorted by name (`sql/prepare_marker.sql`).
const MARKER_COLUMNS: [&str; 4] = [
    "nonce character varying(80) not null",
    "position character varying(32) not null",
    "run_id character varying(80) not null",
    "written_at timestamp with time zone not null",
];
const MARKER_KEY: [&str; 2] = ["run_id", "nonce"];
const PREPARE: &str = "run `crossover prepare` with the role of the plan's secret";

/// A table in the schema `crossover`.
#[derive(Debug, Clone)]
pub struct OwnTable {
    pub name: String,
    pub owner: String,
    /// Crossover's role owns the table, or has the rights of its owner.
    pub owned: bool,
    /// Neither a view nor partitioned.
    pub plain: bool,
    pub logged: bool,
    /// Name, type and "not null", sorted by name.
    pub columns: Vec<String>,
    pub primary_key: Vec<String>,
}

/// The rights of one role on the marker table.
#[derive(Debug, Clone)]
pub struct RoleRights {
    pub role: String,
    /// Crossover's role.
    pub own: bool,
    /// The role can be the user of a change stream.
    pub reads_changes: bool,
    pub lacks: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct OwnTables {
    /// Those that exist.
    pub tables: Vec<OwnTable>,
    /// Of Crossover's role and of the exempt roles that exist.
    pub rights: Vec<RoleRights>,
    /// Crossover's role may create a table in the schema, or the schema.
    pub may_create: bool,
    pub own_role: String,
}

impl OwnTable {
    /// A table of another form, which was not created by Crossover.
    fn form(&self) -> Vec<Shortfall> {
        let mut faults = Vec::new();
        if !self.plain {
            faults.push("is not an ordinary table".to_owned());
        } else if !self.logged {
            faults.push("is unlogged, so no stream carries its rows".to_owned());
        }
        if self.columns != MARKER_COLUMNS {
            faults.push(format!(
                "has the columns ({}) instead of ({})",
                self.columns.join(", "),
                MARKER_COLUMNS.join(", ")
            ));
        }
        if self.primary_key != MARKER_KEY {
            faults.push(format!(
                "has no primary key ({}) that is checked at once",
                MARKER_KEY.join(", ")
            ));
        }
        let remedy = format!(
            "while no run is under way: drop this object (it holds nothing but markers) as {}, then {PREPARE}",
            self.owner
        );
        faults
            .into_iter()
            .map(|fault| shortfall(MARKER, fault, remedy.as_str()))
            .collect()
    }
}

impl OwnTables {
    pub fn shortfalls(&self) -> Vec<Shortfall> {
        let table = |name: &str| self.tables.iter().find(|table| table.name == name);
        let mut found = match table(MARKER) {
            None => vec![shortfall(MARKER, "does not exist", PREPARE)],
            Some(marker) => {
                let mut found = marker.form();
                found.extend(self.own_rights(marker));
                found.extend(self.rights_of_carriers(marker));
                found
            }
        };
        match table(SNAPSHOT) {
            // The lock comments on the table, which only an owner may.
            Some(snapshot) if !snapshot.owned => found.push(shortfall(
                SNAPSHOT,
                format!(
                    "belongs to {}, so Crossover's role {} cannot record a lock in it",
                    snapshot.owner, self.own_role
                ),
                self.owning(snapshot),
            )),
            // The lock creates it.
            None if !self.may_create => found.push(shortfall(
                SNAPSHOT,
                format!(
                    "does not exist, and Crossover's role {} may not create it",
                    self.own_role
                ),
                format!(
                    "as the owner of the database or a superuser: grant create on database ... to {own}, and where the schema \
                     crossover exists: alter schema crossover owner to {own}; then {PREPARE}",
                    own = ident(&self.own_role)
                ),
            )),
            _ => {}
        }
        found
    }

    fn own_rights(&self, marker: &OwnTable) -> Option<Shortfall> {
        let own = self.rights.iter().find(|role| role.own)?;
        (!own.lacks.is_empty()).then(|| {
            shortfall(
                MARKER,
                format!(
                    "belongs to {}, and Crossover's role {} lacks {}",
                    marker.owner,
                    own.role,
                    own.lacks.join(", ")
                ),
                self.owning(marker),
            )
        })
    }

    /// Each exempt role that can be the user of a change stream needs its rights. Where none can, another
    /// attribute may stand for it: then one role with all rights is enough. Without exempt roles the streams log
    /// in with Crossover's role.
    fn rights_of_carriers(&self, marker: &OwnTable) -> Vec<Shortfall> {
        let exempt = || self.rights.iter().filter(|role| !role.own);
        let lacking: Vec<&RoleRights> = if exempt().any(|role| role.reads_changes) {
            exempt()
                .filter(|role| role.reads_changes && !role.lacks.is_empty())
                .collect()
        } else if exempt().any(|role| role.lacks.is_empty()) {
            Vec::new()
        } else {
            exempt().collect()
        };
        let remedy = if marker.owned {
            PREPARE.to_owned()
        } else {
            self.owning(marker)
        };
        lacking
            .into_iter()
            .map(|role| {
                shortfall(
                    MARKER,
                    format!(
                        "the exempt role {} lacks {}, so a change stream that logs in with it cannot carry markers",
                        role.role,
                        role.lacks.join(", ")
                    ),
                    remedy.as_str(),
                )
            })
            .collect()
    }

    /// The remedy for a table that another role has created.
    fn owning(&self, table: &OwnTable) -> String {
        let own = ident(&self.own_role);
        format!(
            "as {} or a superuser: alter schema crossover owner to {own}; alter table crossover.{} owner to {own}; then {PREPARE}",
            table.owner, table.name
        )
    }
}

fn shortfall(table: &str, message: impl Into<String>, remedy: impl Into<String>) -> Shortfall {
    Shortfall {
        object: format!("crossover.{table}"),
        message: message.into(),
        remedy: remedy.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, columns: &[&str], key: &[&str]) -> OwnTable {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        OwnTable {
            name: name.to_owned(),
            owner: "crossover".to_owned(),
            owned: true,
            plain: true,
            logged: true,
            columns: texts(columns),
            primary_key: texts(key),
        }
    }

    fn role(name: &str, reads_changes: bool, lacks: &[&str]) -> RoleRights {
        RoleRights {
            role: name.to_owned(),
            own: name == "crossover",
            reads_changes,
            lacks: lacks.iter().map(|right| (*right).to_owned()).collect(),
        }
    }

    fn sound() -> OwnTables {
        OwnTables {
            tables: vec![
                table(MARKER, &MARKER_COLUMNS, &MARKER_KEY),
                table(SNAPSHOT, &[], &[]),
            ],
            rights: vec![role("crossover", true, &[]), role("replicator", true, &[])],
            may_create: true,
            own_role: "crossover".to_owned(),
        }
    }

    /// The messages after one change.
    fn after(change: impl FnOnce(&mut OwnTables)) -> Vec<String> {
        let mut facts = sound();
        change(&mut facts);
        let found = facts.shortfalls();
        assert!(
            found.iter().all(|lack| lack.remedy.contains("crossover prepare")),
            "{found:#?}"
        );
        found.into_iter().map(|lack| lack.message).collect()
    }

    #[test]
    fn tables_as_they_were_created_lack_nothing() {
        assert_eq!(after(|_| ()), Vec::<String>::new());
        // The lock makes the snapshot.
        assert_eq!(after(|facts| drop(facts.tables.pop())), Vec::<String>::new());
        // The streams log in with Crossover's role.
        assert_eq!(after(|facts| drop(facts.rights.pop())), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_one_message() {
        let one = |change: fn(&mut OwnTables), word: &str| {
            let found = after(change);
            assert!(found.len() == 1 && found[0].contains(word), "{word}: {found:?}");
        };
        one(|facts| drop(facts.tables.remove(0)), "does not exist");
        one(|facts| facts.tables[0].plain = false, "not an ordinary table");
        one(|facts| facts.tables[0].logged = false, "unlogged");
        one(|facts| drop(facts.tables[0].columns.pop()), "columns");
        one(|facts| facts.tables[0].primary_key.reverse(), "primary key");
        one(
            |facts| facts.rights[0].lacks.push("insert".to_owned()),
            "Crossover's role crossover lacks insert",
        );
        one(
            |facts| facts.rights[1].lacks.push("update".to_owned()),
            "replicator lacks update",
        );
        one(|facts| facts.tables[1].owned = false, "belongs to");
        one(
            |facts| {
                facts.tables.truncate(1);
                facts.may_create = false;
            },
            "may not create it",
        );
    }

    #[test]
    fn a_monitoring_role_needs_no_right_beside_a_replication_user_and_one_is_enough_without() {
        let monitoring = || role("monitoring", false, &["insert"]);
        let with = |change: fn(&mut OwnTables)| {
            after(|facts| {
                facts.rights.push(monitoring());
                change(facts);
            })
        };
        assert_eq!(with(|_| ()), Vec::<String>::new());
        assert_eq!(
            with(|facts| facts.rights[1].reads_changes = false),
            Vec::<String>::new()
        );
        let none = with(|facts| facts.rights[1] = role("writer", false, &["delete"]));
        assert_eq!(none.len(), 2, "{none:?}");
    }
}

//! What is done with the objects of every system catalogue, and what is named as not compared. A new version's catalogue or
//! column that stands in neither fails the test `tests/it/kinds.rs`.

use crossover_core::{plan::Scope, ports::PortResult, schema::Unjudged};

use crate::{PostgresDatabase, errors::Failure, fingerprint};

pub const NOT_COMPARED: &str = concat!(
    include_str!("sql/scope.sql"),
    include_str!("sql/not_compared.sql")
);

/// The statements that read definitions and what is not compared.
pub const STATEMENTS: [&str; 6] = [
    fingerprint::DATABASE,
    fingerprint::RELATIONS,
    fingerprint::PROGRAMS,
    fingerprint::OTHERS,
    fingerprint::RIGHTS,
    NOT_COMPARED,
];

/// What is done with the objects of a catalogue.
#[derive(Debug, Clone, Copy)]
pub enum Treatment {
    /// Every column stands in a statement, except these, for a reason each.
    Compared(&'static [LeftOut]),
    /// The server prints its rows into a definition that is compared, or another part of the comparison reads them.
    Within(&'static str),
    /// Named in the report: one of [`NAMED`].
    Named(&'static str),
    /// Nothing that a dump of the database would write.
    NotOfTheUser(&'static str),
}

/// Columns that no statement reads, and why.
#[derive(Debug, Clone, Copy)]
pub struct LeftOut {
    pub columns: &'static [&'static str],
    pub because: &'static str,
}

const fn out(columns: &'static [&'static str], because: &'static str) -> LeftOut {
    LeftOut { columns, because }
}

const PRINTED: &str = "the server prints it into the definition";
const COUNTED: &str = "the server counts it, or derives it from other columns";
const STORAGE: &str = "how the server stores it";
const OF_SERVER: &str = "belongs to the server, not to the database: pg_dumpall --globals-only writes it";

use Treatment::{Compared, Named, NotOfTheUser, Within};

/// Every catalogue of PostgreSQL 12 to 18.
pub const CATALOGUES: &[(&str, Treatment)] = &[
    ("pg_aggregate", Compared(&[])),
    ("pg_am", Compared(&[])),
    (
        "pg_amop",
        Compared(&[
            out(&["amoplefttype", "amoprighttype"], "the operator's types"),
            out(&["amoppurpose"], "follows from amopsortfamily"),
            out(&["amopmethod"], "the family's"),
        ]),
    ),
    ("pg_amproc", Compared(&[])),
    ("pg_attrdef", Compared(&[])),
    (
        "pg_attribute",
        Compared(&[
            out(&["attlen", "attbyval", "attalign"], "the type's"),
            out(
                &["attndims"],
                "the server does not check the dimensions of arrays",
            ),
            out(
                &["atthasdef", "atthasmissing", "attmissingval", "attcacheoff"],
                STORAGE,
            ),
            out(
                &["attislocal", "attinhcount"],
                "matters only when a parent's column is dropped; parents are compared",
            ),
        ]),
    ),
    ("pg_auth_members", NotOfTheUser(OF_SERVER)),
    ("pg_authid", NotOfTheUser(OF_SERVER)),
    ("pg_cast", Compared(&[])),
    (
        "pg_class",
        Compared(&[
            out(
                &[
                    "reltype",
                    "relnatts",
                    "relchecks",
                    "relhasindex",
                    "relhasrules",
                    "relhastriggers",
                    "relhassubclass",
                ],
                COUNTED,
            ),
            out(
                &["relpages", "reltuples", "relallvisible", "relallfrozen"],
                "planner statistics are compared",
            ),
            out(
                &[
                    "relfilenode",
                    "relrewrite",
                    "relfrozenxid",
                    "relminmxid",
                    "relisshared",
                ],
                STORAGE,
            ),
        ]),
    ),
    (
        "pg_collation",
        Compared(&[
            out(&["collencoding"], "a database has one encoding"),
            out(&["collversion"], "of the operating system's library"),
        ]),
    ),
    (
        "pg_constraint",
        Compared(&[
            out(
                &[
                    "condeferrable",
                    "condeferred",
                    "conenforced",
                    "confrelid",
                    "confupdtype",
                    "confdeltype",
                    "confmatchtype",
                    "conperiod",
                    "confkey",
                    "conpfeqop",
                    "conppeqop",
                    "conffeqop",
                    "confdelsetcols",
                    "conexclop",
                    "conbin",
                ],
                PRINTED,
            ),
            out(&["connamespace"], "the table's"),
            out(
                &["conislocal", "coninhcount"],
                "matters only when a parent's constraint is dropped; parents are compared",
            ),
        ]),
    ),
    ("pg_conversion", Compared(&[])),
    (
        "pg_database",
        Compared(&[
            out(
                &["datistemplate", "datallowconn"],
                "Crossover connects to no other database",
            ),
            out(&["dathasloginevt"], COUNTED),
            out(
                &["datfrozenxid", "datminmxid", "datlastsysoid", "dattablespace"],
                STORAGE,
            ),
            out(&["datcollversion"], "of the operating system's library"),
        ]),
    ),
    ("pg_db_role_setting", Compared(&[])),
    ("pg_default_acl", Compared(&[])),
    ("pg_depend", NotOfTheUser("follows from the definitions")),
    ("pg_description", Named("comments")),
    ("pg_enum", Compared(&[])),
    ("pg_event_trigger", Compared(&[])),
    (
        "pg_extension",
        Compared(&[
            out(&["extowner"], "a dump does not write it"),
            out(&["extrelocatable", "extcondition"], "the extension's own"),
        ]),
    ),
    ("pg_foreign_data_wrapper", Compared(&[])),
    ("pg_foreign_server", Compared(&[])),
    ("pg_foreign_table", Compared(&[])),
    (
        "pg_index",
        Compared(&[
            out(
                &[
                    "indnatts",
                    "indnkeyatts",
                    "indisunique",
                    "indnullsnotdistinct",
                    "indisprimary",
                    "indisexclusion",
                    "indimmediate",
                    "indkey",
                    "indcollation",
                    "indclass",
                    "indoption",
                    "indexprs",
                    "indpred",
                ],
                PRINTED,
            ),
            out(
                &["indcheckxmin", "indisready", "indislive"],
                "an index that is being built is not valid",
            ),
        ]),
    ),
    (
        "pg_inherits",
        Compared(&[out(&["inhdetachpending"], "a detachment that is under way")]),
    ),
    (
        "pg_init_privs",
        NotOfTheUser("the rights that objects of extensions begin with"),
    ),
    (
        "pg_language",
        Compared(&[out(&["lanispl"], "false for the server's own languages only")]),
    ),
    ("pg_largeobject", Named("large objects")),
    ("pg_largeobject_metadata", Named("large objects")),
    ("pg_namespace", Compared(&[])),
    ("pg_opclass", Compared(&[])),
    (
        "pg_operator",
        Compared(&[out(&["oprkind"], "follows from the types of its operands")]),
    ),
    ("pg_opfamily", Compared(&[])),
    ("pg_parameter_acl", NotOfTheUser(OF_SERVER)),
    ("pg_partitioned_table", Within("pg_get_partkeydef prints it")),
    (
        "pg_pltemplate",
        NotOfTheUser("templates of the server, up to version 12"),
    ),
    ("pg_policy", Compared(&[])),
    (
        "pg_proc",
        Compared(&[out(
            &[
                "provariadic",
                "pronargs",
                "pronargdefaults",
                "prorettype",
                "proallargtypes",
                "proargmodes",
                "proargnames",
                "proargdefaults",
            ],
            PRINTED,
        )]),
    ),
    ("pg_publication", Compared(&[])),
    (
        "pg_publication_namespace",
        Within("its dependencies are read: versions before 15 have no such catalogue"),
    ),
    ("pg_publication_rel", Compared(&[])),
    ("pg_range", Compared(&[])),
    (
        "pg_replication_origin",
        NotOfTheUser("how far the server has applied a stream"),
    ),
    (
        "pg_rewrite",
        Compared(&[out(&["ev_type", "is_instead", "ev_qual", "ev_action"], PRINTED)]),
    ),
    ("pg_seclabel", Named("security labels")),
    ("pg_sequence", Compared(&[])),
    ("pg_shdepend", NotOfTheUser("follows from the definitions")),
    ("pg_shdescription", Named("comments")),
    ("pg_shseclabel", Named("security labels")),
    (
        "pg_statistic",
        Within("the planner's figures are compared as statistics"),
    ),
    (
        "pg_statistic_ext",
        Compared(&[out(&["stxkeys", "stxkind", "stxexprs"], PRINTED)]),
    ),
    (
        "pg_statistic_ext_data",
        Within("the planner's figures: analyze makes them"),
    ),
    ("pg_subscription", Named("subscriptions")),
    ("pg_subscription_rel", Named("subscriptions")),
    ("pg_tablespace", Named("tablespaces of tables and indexes")),
    ("pg_transform", Compared(&[])),
    (
        "pg_trigger",
        Compared(&[
            out(
                &[
                    "tgfoid",
                    "tgtype",
                    "tgconstrrelid",
                    "tgconstrindid",
                    "tgdeferrable",
                    "tginitdeferred",
                    "tgnargs",
                    "tgattr",
                    "tgargs",
                    "tgqual",
                    "tgoldtable",
                    "tgnewtable",
                ],
                PRINTED,
            ),
            out(
                &["tgparentid"],
                "its dependency is read: version 12 has no such column",
            ),
        ]),
    ),
    ("pg_ts_config", Compared(&[])),
    ("pg_ts_config_map", Compared(&[])),
    ("pg_ts_dict", Compared(&[])),
    ("pg_ts_parser", Compared(&[])),
    ("pg_ts_template", Compared(&[])),
    (
        "pg_type",
        Compared(&[out(
            &["typndims"],
            "the server does not check the dimensions of arrays",
        )]),
    ),
    (
        "pg_user_mapping",
        Within("the view pg_user_mappings is read: the catalogue holds passwords"),
    ),
];

/// What is named as not compared wherever a database has it: what, why, and how to compare it.
pub const NAMED: &[(&str, &str, &str)] = &[
    (
        "contents of materialized views",
        "a refresh makes them from rows that are compared",
        "refresh materialized view on the target before the cutover",
    ),
    (
        "rows of foreign tables",
        "they are on another server",
        "see that the target reaches the same server, and compare that one for itself",
    ),
    (
        "large objects",
        "no stream of changes carries them; their contents, owners and rights are not read",
        "copy them at a standstill (pg_dump --large-objects), or move them into a bytea column",
    ),
    (
        "rows of configuration tables of extensions",
        "the extension fills them, and each version in its own way",
        "compare them by hand, or dump them with pg_dump --table",
    ),
    (
        "rights on objects of extensions",
        "they differ by the version of the extension",
        "pg_dump --schema-only of the source prints the grants",
    ),
    (
        "comments",
        "they change nothing",
        "pg_dump --schema-only of both sides prints them",
    ),
    (
        "security labels",
        "they mean something to their provider only",
        "pg_dump --schema-only of both sides prints them",
    ),
    (
        "subscriptions",
        "they belong to one side: the other must not apply the same changes",
        "create them on the target at the cutover, if they shall go on there",
    ),
    (
        "tablespaces of tables and indexes",
        "they are the server's disks; a managed server has none",
        "no action is needed",
    ),
    (
        "who may connect",
        "the cutover takes and gives back this right itself",
        "grant connect on database on the target to those who need it",
    ),
    (
        "options of user mappings, and secrets of foreign servers",
        "the server shows them to few roles, and a password must not stand in a report",
        "connect through the foreign server on the target",
    ),
];

impl PostgresDatabase {
    /// What the database has and no definition speaks of.
    pub(crate) async fn unjudged(&self, scope: &Scope) -> Result<Vec<Unjudged>, Failure> {
        let session = self.catalogue_session().await?;
        let rows = session.query_scope(NOT_COMPARED, scope, &[]).await?;
        let unjudged = rows.iter().map(|row| {
            let what: String = self.read(row, "what")?;
            let (reason, remedy) = NAMED
                .iter()
                .find(|(named, ..)| *named == what)
                .map_or(("", ""), |(_, reason, remedy)| (*reason, *remedy));
            let named: Vec<String> = self.read(row, "named")?;
            Ok(Unjudged {
                count: self.count(row, "count")?.into(),
                named: named
                    .iter()
                    .map(|name| crate::definition::readable(name))
                    .collect(),
                reason: reason.to_owned(),
                remedy: remedy.to_owned(),
                what,
            })
        });
        unjudged.collect::<PortResult<Vec<_>>>().map_err(Failure::from)
    }
}

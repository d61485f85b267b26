//! The database's access list: its items, and the SQL that restores a recorded list.

use std::{collections::BTreeSet, fmt::Write as _};

use crossover_core::ports::AccessSnapshot;
use serde::{Deserialize, Serialize};

use crate::quoting::{ident, literal};

pub const READ: &str = include_str!("../sql/database_acl.sql");
pub const CONNECT: &str = "connect";

/// One right of one grantee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub grantor: String,
    /// `None` for PUBLIC.
    pub grantee: Option<String>,
    pub privilege: String,
    pub grantable: bool,
}

/// The access list, in the order of the catalogue.
#[derive(Debug)]
pub struct AccessList {
    pub database: String,
    pub owner: String,
    /// Text of `pg_database.datacl`; `None` for the default list.
    pub text: Option<String>,
    pub items: Vec<Item>,
}

impl AccessList {
    /// Roles with their own grant of a right.
    pub fn holders_of(&self, privilege: &str) -> impl Iterator<Item = &str> {
        self.items
            .iter()
            .filter(move |item| item.privilege == privilege)
            .filter_map(|item| item.grantee.as_deref())
    }

    pub fn public_holds(&self, privilege: &str) -> bool {
        self.items
            .iter()
            .any(|item| item.privilege == privilege && item.grantee.is_none())
    }

    /// SQL that turns this list into `wanted`, in the same order, for the roles in `here`. All rights are
    /// revoked and granted again: PostgreSQL appends each grant to the list, so only this order restores the
    /// same text.
    pub fn rebuild_sql(&self, wanted: &[Item], here: &BTreeSet<&str>) -> String {
        let database = ident(&self.database);
        let mut sql = String::new();
        let holders: BTreeSet<Option<&str>> = self.items.iter().map(|item| item.grantee.as_deref()).collect();
        for holder in holders {
            let _ = writeln!(
                sql,
                "revoke all on database {database} from {};",
                holder.map_or("public".to_owned(), ident)
            );
        }
        for item in wanted {
            let to = match item.grantee.as_deref() {
                None => "public".to_owned(),
                Some(role) if here.contains(role) => ident(role),
                Some(_) => continue,
            };
            let option = if item.grantable { " with grant option" } else { "" };
            let _ = writeln!(
                sql,
                "grant {} on database {database} to {to}{option};",
                item.privilege
            );
        }
        sql
    }
}

/// SQL that fails, and so rolls the transaction back, when a role that must be locked out still has CONNECT.
pub fn proof_of_lock(exempt_roles: &[&str], own_role: &str) -> String {
    let kept = exempt_roles
        .iter()
        .map(|role| literal(role))
        .collect::<Vec<_>>()
        .join(", ");
    let left = format!(
        "select string_agg(coalesce(r.rolname::text, 'PUBLIC'), ', ' order by r.rolname) \
         from pg_database d cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a \
         left join pg_roles r on r.oid = a.grantee \
         where d.datname = current_database() and a.privilege_type = 'CONNECT' \
         and not coalesce(r.rolname::text = any (array[{kept}]::text[]), false)"
    );
    refusal(
        &left,
        "CONNECT could not be taken from %; make % the owner of the database or a member of its owner",
        own_role,
    )
}

/// SQL that fails, and so rolls the transaction back, when a role did not get the requested rights.
pub fn proof_of_opening(like: &AccessSnapshot, opened: &[String], own_role: &str) -> String {
    let mut wanted: Vec<String> = like
        .roles
        .iter()
        .filter(|role| role.granted_connect && opened.contains(&role.role))
        .map(|role| format!("({}, 'CONNECT', false)", literal(&role.role)))
        .collect();
    if like.public_connect {
        wanted.push("(null, 'CONNECT', false)".to_owned());
    }
    proof_of_rights(&wanted, own_role)
}

/// SQL that fails, and so rolls the transaction back, when a role did not get back its recorded rights.
pub fn proof_of_restoration(items: &[Item], here: &BTreeSet<&str>, own_role: &str) -> String {
    let wanted: Vec<String> = items
        .iter()
        .filter(|item| item.grantee.as_deref().is_none_or(|role| here.contains(role)))
        .map(|item| {
            let grantee = item.grantee.as_deref().map_or("null".to_owned(), literal);
            format!(
                "({grantee}, {}, {})",
                literal(&item.privilege.to_uppercase()),
                item.grantable
            )
        })
        .collect();
    proof_of_rights(&wanted, own_role)
}

fn proof_of_rights(wanted: &[String], own_role: &str) -> String {
    if wanted.is_empty() {
        return String::new();
    }
    let lacking = format!(
        "select string_agg(coalesce(w.role, 'PUBLIC'), ', ' order by w.role) \
         from (values {}) as w (role, privilege, grantable) \
         where not exists ( \
             select from pg_database d cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a \
             left join pg_roles r on r.oid = a.grantee \
             where d.datname = current_database() and a.privilege_type = w.privilege \
             and r.rolname::text is not distinct from w.role and (a.is_grantable or not w.grantable))",
        wanted.join(", ")
    );
    refusal(
        &lacking,
        "rights on the database could not be given to %; make % the owner of the database or a member of its owner",
        own_role,
    )
}

fn refusal(query: &str, message: &str, own_role: &str) -> String {
    format!(
        "do $proof$ declare who text := ({query}); begin if who is not null then \
         raise exception {} , who, {} using errcode = '42501'; end if; end $proof$;\n",
        literal(message),
        literal(own_role)
    )
}

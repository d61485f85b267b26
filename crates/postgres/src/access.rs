//! Locks writers out of the database and restores their access.
//!
//! - Every role except Crossover's own, the exempt roles and superusers loses CONNECT, whether granted to
//!   PUBLIC or to the role. Roles that may write also lose LOGIN. LOGIN applies to the whole server: while
//!   this database is locked, a writer role cannot log in to other databases either, but its sessions there
//!   continue.
//! - One transaction takes the lock and writes its record; another restores the access and deletes the
//!   record.
//! - A default access list (NULL in the catalogue) is restored as the same rights in explicit form, because
//!   no GRANT can set the list to NULL again.

use std::{collections::BTreeSet, fmt::Write as _};

use async_trait::async_trait;
use crossover_core::{
    plan::Scope,
    ports::{
        Access, AccessSnapshot, LockPlan, LockReport, PortError, PortResult, RoleAccess, RunningTransaction,
        WriterSample,
    },
};
use tokio_postgres::{error::SqlState, types::Type};

use self::{
    acl::{AccessList, CONNECT},
    record::Record,
};
use crate::{
    PostgresDatabase,
    errors::Failure,
    marker::{COUNT, RAISE},
    quoting::{ident, idents, literal},
    sequences::{MOVE, NAMED},
    sessions::{END, Session},
};

mod acl;
mod record;

/// Creates the table in which the lock is recorded.
pub(crate) const OWN_TABLE: &str = include_str!("sql/access_snapshot.sql");
const ADMITTED: &str = include_str!("sql/admitted_roles.sql");
const PREPARED: &str =
    "select p.gid from pg_prepared_xacts p where p.database = current_database() order by 1";

#[async_trait]
impl Access for PostgresDatabase {
    async fn snapshot(&self) -> PortResult<Option<AccessSnapshot>> {
        Ok(self.record().await?.map(|record| record.snapshot))
    }

    async fn prepare_pause(&self) -> PortResult<()> {
        let texts = Type::TEXT_ARRAY;
        self.prepare(&[
            (END, std::slice::from_ref(&texts)),
            (RAISE, &[Type::TEXT, Type::TEXT]),
            (COUNT, &[Type::TEXT, Type::TEXT]),
            (NAMED, &[texts.clone(), texts.clone()]),
            (MOVE, &[texts.clone(), texts.clone(), Type::INT8_ARRAY]),
        ])
        .await
        .map_err(|failure| self.marker_missing(failure))
    }

    async fn transactions(&self) -> PortResult<Vec<RunningTransaction>> {
        let sessions = self.application_sessions().await?.into_iter();
        Ok(sessions.filter_map(|session| session.transaction).collect())
    }

    async fn writers(&self) -> PortResult<WriterSample> {
        // Sent together, so that a sample costs one round trip.
        let prepared = async { Ok(self.query_prepared(PREPARED, &[]).await?) };
        let (sessions, prepared, admitted_roles) =
            tokio::try_join!(self.application_sessions(), prepared, self.admitted_roles())?;
        let (connecting, sessions): (Vec<_>, Vec<_>) =
            sessions.into_iter().partition(|session| session.connecting);
        let superusers = sessions.iter().filter(|session| session.superuser);
        let texts = |sessions: Vec<Session>| sessions.into_iter().map(|session| session.text).collect();
        Ok(WriterSample {
            superuser_sessions: superusers.map(|session| session.text.clone()).collect(),
            sessions: texts(sessions),
            connecting: texts(connecting),
            prepared: prepared
                .iter()
                .map(|row| self.read(row, "gid"))
                .collect::<PortResult<_>>()?,
            admitted_roles,
        })
    }

    async fn plan_lock(&self, scope: &Scope, run_id: &str) -> PortResult<LockPlan> {
        let (roles, change) = match self.record().await? {
            Some(record) => (self.locked_before(record, run_id)?, None),
            None => self.lock_sql(scope, run_id).await?,
        };
        Ok(LockPlan {
            run_id: run_id.to_owned(),
            roles,
            change,
        })
    }

    async fn lock(&self, plan: &LockPlan) -> PortResult<LockReport> {
        let report = |roles, already| Ok(LockReport { roles, already });
        let Some(sql) = &plan.change else {
            return report(plan.roles.clone(), true);
        };
        match self.batch_after_table(sql).await {
            Ok(()) => report(plan.roles.clone(), false),
            // Someone has locked since the plan was made.
            Err(failure) if failure.is(&SqlState::OBJECT_IN_USE) => match self.record().await? {
                Some(other) => report(self.locked_before(other, &plan.run_id)?, true),
                None => Err(failure.into()),
            },
            Err(failure) => Err(failure.into()),
        }
    }

    async fn end_sessions(&self) -> PortResult<u32> {
        self.end_application_sessions().await
    }

    async fn restore(&self, run_id: &str) -> PortResult<Vec<String>> {
        match self.record().await? {
            Some(record) if record.snapshot.run_id == run_id => self.restore_record(&record).await,
            _ => Ok(Vec::new()),
        }
    }

    async fn open(&self, like: &AccessSnapshot) -> PortResult<Vec<String>> {
        if let Some(record) = self.record().await? {
            return self.restore_record(&record).await;
        }
        let asked: Vec<String> = like.roles.iter().map(|role| role.role.clone()).collect();
        let (list, here) = tokio::try_join!(self.access_list(), self.logins(&asked))?;
        let database = ident(&list.database);
        let mut sql = String::new();
        let (mut opened, mut missing) = (Vec::new(), BTreeSet::new());
        for role in &like.roles {
            let Some((_, can_login)) = here.iter().find(|(name, _)| *name == role.role) else {
                missing.insert(role.role.as_str());
                continue;
            };
            if role.can_login && !can_login {
                let _ = writeln!(sql, "alter role {} login;", ident(&role.role));
            }
            if role.granted_connect && !list.holders_of(CONNECT).any(|holder| holder == role.role) {
                let _ = writeln!(
                    sql,
                    "grant connect on database {database} to {};",
                    ident(&role.role)
                );
            }
            opened.push(role.role.clone());
        }
        if like.public_connect && !list.public_holds(CONNECT) {
            let _ = writeln!(sql, "grant connect on database {database} to public;");
        }
        if !sql.is_empty() {
            sql.push_str(&acl::proof_of_opening(like, &opened, &self.own_role));
            self.batch(&sql).await?;
        }
        // The roles that exist get access even if others are missing: after the commit the run must roll
        // forward.
        if missing.is_empty() {
            opened.sort();
            Ok(opened)
        } else {
            let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
            Err(PortError::missing(format!("in {}: role {missing}", self.what())))
        }
    }
}

/// A role that keeps CONNECT: Crossover's own, the exempt roles, and superusers, who need no right to
/// connect.
struct ExemptRole {
    role: String,
    superuser: bool,
    may_connect: bool,
}

impl PostgresDatabase {
    /// The roles that lose LOGIN, and the statements of the lock.
    async fn lock_sql(&self, scope: &Scope, run_id: &str) -> PortResult<(Vec<String>, Option<String>)> {
        // Sent together, because clients wait.
        let (roles, list, exempt_roles) = tokio::try_join!(
            self.judged_roles(scope, &[]),
            self.access_list(),
            self.exempt_roles()
        )?;
        let writers: Vec<_> = roles
            .into_iter()
            .filter(|role| role.facts.writes && !role.facts.superuser)
            .collect();
        let unalterable: Vec<&str> = writers
            .iter()
            .filter(|w| w.facts.can_login && !w.alterable)
            .map(|w| w.facts.role.as_str())
            .collect();
        if !unalterable.is_empty() {
            return Err(self.refused(format!(
                "the login of these writers cannot be changed by {}: {}; give it CREATEROLE and, since PostgreSQL 16, grant it \
                 these roles with admin option; before 16 only a superuser changes a role with REPLICATION",
                self.own_role,
                unalterable.join(", ")
            )));
        }
        if let Some(foreign) = list.items.iter().find(|item| item.grantor != list.owner) {
            return Err(self.refused(format!(
                "{} was given rights on database {} by {}, not by its owner {}: revoke them and grant them as the owner",
                foreign.grantee.as_deref().unwrap_or("PUBLIC"),
                list.database,
                foreign.grantor,
                list.owner
            )));
        }
        let losing: BTreeSet<&str> = list
            .holders_of(CONNECT)
            .filter(|role| !exempt_roles.iter().any(|exempt_role| exempt_role.role == *role))
            .collect();
        let locked: Vec<String> = writers
            .into_iter()
            .filter(|w| w.facts.can_login)
            .map(|w| w.facts.role)
            .collect();
        let changed: BTreeSet<&str> = locked
            .iter()
            .map(String::as_str)
            .chain(losing.iter().copied().filter(|role| *role != list.owner))
            .collect();
        // The owner holds CONNECT through ownership, which need not hold on the other side.
        let changed: Vec<String> = changed.into_iter().map(str::to_owned).collect();
        let record = Record {
            nonce: uuid::Uuid::new_v4().simple().to_string(),
            snapshot: AccessSnapshot {
                run_id: run_id.to_owned(),
                public_connect: list.public_holds(CONNECT),
                roles: self.role_access(&changed, &list).await?,
                acl: list.text.clone(),
            },
            locked,
            items: list.items.clone(),
        };
        let mut sql = String::new();
        sql.push_str(
            &record
                .write_sql()
                .map_err(|e| PortError::unexpected(self.what(), e))?,
        );
        for role in &record.locked {
            let _ = writeln!(sql, "alter role {} nologin;", ident(role));
        }
        let database = ident(&list.database);
        let kept: Vec<&str> = exempt_roles
            .iter()
            .filter(|exempt_role| {
                !exempt_role.superuser
                    && exempt_role.may_connect
                    && !list.holders_of(CONNECT).any(|role| role == exempt_role.role)
            })
            .map(|exempt_role| exempt_role.role.as_str())
            .collect();
        if !kept.is_empty() {
            let _ = writeln!(sql, "grant connect on database {database} to {};", idents(kept));
        }
        let _ = writeln!(sql, "revoke connect on database {database} from public;");
        if !losing.is_empty() {
            let _ = writeln!(
                sql,
                "revoke connect on database {database} from {};",
                idents(losing.iter().copied())
            );
        }
        // PostgreSQL only warns about a REVOKE without the right to revoke, so the result is checked before
        // the commit.
        sql.push_str(&acl::proof_of_lock(
            &exempt_roles
                .iter()
                .map(|exempt_role| exempt_role.role.as_str())
                .collect::<Vec<_>>(),
            &self.own_role,
        ));
        Ok((record.locked, Some(sql)))
    }

    /// Runs the lock. If `prepare_marker` has not created the table of the record, creates the table first in
    /// a separate transaction; an empty table has no effect.
    async fn batch_after_table(&self, sql: &str) -> Result<(), Failure> {
        match self.batch(sql).await {
            Err(failure)
                if failure.is(&SqlState::UNDEFINED_TABLE) || failure.is(&SqlState::INVALID_SCHEMA_NAME) =>
            {
                self.make_missing(OWN_TABLE).await?;
                self.batch(sql).await
            }
            done => done,
        }
    }

    /// The roles that this run has locked out already.
    fn locked_before(&self, record: Record, run_id: &str) -> PortResult<Vec<String>> {
        if record.snapshot.run_id == run_id {
            return Ok(record.locked);
        }
        Err(self.refused(format!(
            "the database is locked by run {}; abort or complete that run before run {run_id} can lock",
            record.snapshot.run_id
        )))
    }

    async fn restore_record(&self, record: &Record) -> PortResult<Vec<String>> {
        let named = record.named_roles();
        let (list, here) = tokio::try_join!(self.access_list(), self.existing_roles(&named))?;
        let here: BTreeSet<&str> = here.iter().map(String::as_str).collect();
        let mut sql = record.erase_sql();
        for role in record.locked.iter().filter(|role| here.contains(role.as_str())) {
            let _ = writeln!(sql, "alter role {} login;", ident(role));
        }
        sql.push_str(&list.rebuild_sql(&record.items, &here));
        sql.push_str(&acl::proof_of_restoration(&record.items, &here, &self.own_role));
        match self.batch(&sql).await {
            Ok(()) => {}
            // Another orchestrator has restored the access at the same time.
            Err(failure) if failure.is(&SqlState::OBJECT_IN_USE) && self.record().await?.is_none() => {}
            Err(failure) => return Err(failure.into()),
        }
        let restored = record.snapshot.roles.iter().map(|role| role.role.clone());
        Ok(restored.filter(|role| here.contains(role.as_str())).collect())
    }

    async fn exempt_roles(&self) -> PortResult<Vec<ExemptRole>> {
        let sql = "select r.rolname::text as role, r.rolsuper as superuser, \
                   has_database_privilege(r.oid, current_database(), 'CONNECT') as may_connect from pg_roles r \
                   where r.rolsuper or r.rolname = session_user or r.rolname::text = any ($1) order by 1";
        let rows = self
            .query_prepared(sql, &[(&self.exempt_roles, Type::TEXT_ARRAY)])
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ExemptRole {
                    role: self.read(row, "role")?,
                    superuser: self.read(row, "superuser")?,
                    may_connect: self.read(row, "may_connect")?,
                })
            })
            .collect()
    }

    async fn role_access(&self, roles: &[String], list: &AccessList) -> PortResult<Vec<RoleAccess>> {
        let logins = self.logins(roles).await?;
        Ok(logins
            .into_iter()
            .map(|(role, can_login)| RoleAccess {
                granted_connect: list.holders_of(CONNECT).any(|holder| holder == role),
                role,
                can_login,
            })
            .collect())
    }

    /// Whether each of these roles can log in, sorted by name; missing roles are left out.
    async fn logins(&self, roles: &[String]) -> PortResult<Vec<(String, bool)>> {
        let sql = "select r.rolname::text as role, r.rolcanlogin from pg_roles r where r.rolname::text = any ($1) \
                   order by r.rolname::text collate \"C\"";
        let rows = self.query_prepared(sql, &[(&roles, Type::TEXT_ARRAY)]).await?;
        rows.iter()
            .map(|row| Ok((self.read(row, "role")?, self.read(row, "rolcanlogin")?)))
            .collect()
    }

    /// Who can open a session in spite of the lock; nobody without a lock.
    async fn admitted_roles(&self) -> PortResult<Vec<String>> {
        let Some(record) = self.record().await? else {
            return Ok(Vec::new());
        };
        let texts = Type::TEXT_ARRAY;
        let rows = self
            .query_prepared(
                ADMITTED,
                &[(&self.exempt_roles, texts.clone()), (&record.locked, texts)],
            )
            .await?;
        rows.iter().map(|row| self.read(row, "role")).collect()
    }

    async fn access_list(&self) -> PortResult<AccessList> {
        let rows = self.query_prepared(acl::READ, &[]).await?;
        let first = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "the database is not in pg_database"))?;
        let mut list = AccessList {
            database: self.read(first, "database")?,
            owner: self.read(first, "owner")?,
            text: self.read(first, "acl")?,
            items: Vec::new(),
        };
        for row in &rows {
            let privilege: Option<String> = self.read(row, "privilege")?;
            let Some(privilege) = privilege else { continue };
            if !["create", "temporary", CONNECT].contains(&privilege.as_str()) {
                return Err(PortError::unexpected(
                    self.what(),
                    format!("unknown database privilege {}", literal(&privilege)),
                ));
            }
            list.items.push(acl::Item {
                grantor: self.read(row, "grantor")?,
                grantee: self.read(row, "grantee")?,
                privilege,
                grantable: self.read(row, "grantable")?,
            });
        }
        Ok(list)
    }
}

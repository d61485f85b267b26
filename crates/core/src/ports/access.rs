//! Locking writers out of a database, and restoring their access exactly.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::{Millis, plan::Scope};

/// A role's access before it was locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAccess {
    pub role: String,
    pub can_login: bool,
    /// The role held CONNECT on the database by its own grant.
    pub granted_connect: bool,
}

/// Access to a database before it was locked, recorded in that database in the same transaction as the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessSnapshot {
    /// The run that locked.
    pub run_id: String,
    /// PUBLIC held CONNECT on the database.
    pub public_connect: bool,
    /// Every role the lock changed, sorted by name.
    pub roles: Vec<RoleAccess>,
    /// The database's access list in the form of its engine, to prove the restoration. `None` stands for the
    /// default list.
    pub acl: Option<String>,
}

/// What a lock will change, read beforehand so that clients do not wait for the reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockPlan {
    pub run_id: String,
    /// Roles that will lose their login, sorted.
    pub roles: Vec<String>,
    /// The change in the language of the engine; `None` if this run has locked already.
    pub change: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockReport {
    /// Locked roles, sorted.
    pub roles: Vec<String>,
    /// This run had already locked them; this call changed nothing.
    pub already: bool,
}

/// A transaction of the application that runs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningTransaction {
    /// The same as long as this transaction runs, and different for every other.
    pub id: String,
    /// Who runs the transaction, for people.
    pub who: String,
    pub age_ms: Millis,
    /// The transaction has changed something.
    pub writes: bool,
}

/// Everything that could still write to a database at one time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WriterSample {
    /// Sessions of roles that are neither Crossover's own nor exempt, superusers included, and whatever else of the
    /// server writes like a session.
    pub sessions: Vec<String>,
    /// Those of `sessions` that belong to superusers, which cannot be locked out.
    pub superuser_sessions: Vec<String>,
    /// Connections that are being made and may have been let in before the lock. One that is still being made after a
    /// clean sample was asked for its rights after the lock.
    pub connecting: Vec<String>,
    /// Prepared transactions in this database.
    pub prepared: Vec<String>,
    /// Roles that can open a session although the database is locked: the lock was undone from outside the run.
    pub admitted_roles: Vec<String>,
}

impl WriterSample {
    /// No session, connection, prepared transaction or role is left that could write. Two such samples, one after the
    /// other, prove that no writer is left.
    pub fn is_clean(&self) -> bool {
        self.connecting.is_empty() && self.is_still_clean()
    }

    /// As [`Self::is_clean`], once that is proven.
    pub fn is_still_clean(&self) -> bool {
        self.sessions.is_empty() && self.prepared.is_empty() && self.admitted_roles.is_empty()
    }

    /// Everything that is left, for people.
    pub fn who(&self) -> Vec<String> {
        let prepared = self
            .prepared
            .iter()
            .map(|id| format!("prepared transaction {id}"));
        let admitted = self
            .admitted_roles
            .iter()
            .map(|role| format!("{role} can log in and connect in spite of the lock"));
        let sessions = self.sessions.iter().chain(&self.connecting).cloned();
        sessions.chain(prepared).chain(admitted).collect()
    }
}

/// Locking and opening one side. Every method can be repeated.
#[async_trait]
pub trait Access: Send + Sync {
    /// The access snapshot of a lock that is still in force.
    async fn snapshot(&self) -> PortResult<Option<AccessSnapshot>>;

    /// Lets the server prepare the statements of the pause that have an effect, and so cannot be run beforehand.
    async fn prepare_pause(&self) -> PortResult<()>;

    /// The transactions of the application that run now.
    async fn transactions(&self) -> PortResult<Vec<RunningTransaction>>;

    async fn writers(&self) -> PortResult<WriterSample>;

    /// Reads what a lock has to change: every role that can write a table in scope, every role that inherits such
    /// a right, and every owner will lose its login, and everyone but Crossover and the exempt roles CONNECT.
    /// Changes nothing.
    ///
    /// # Errors
    /// `Refused` while another run has locked the database, and for roles that Crossover cannot change.
    async fn plan_lock(&self, scope: &Scope, run_id: &str) -> PortResult<LockPlan>;

    /// Does what the plan says, and records the previous access in the same transaction. A lock by the same run
    /// changes nothing. A role that gets its rights between plan and lock is not locked out, so the plan has to
    /// be made right before; [`Access::writers`] sees such a role's sessions.
    ///
    /// # Errors
    /// `Refused` while another run has locked the database.
    async fn lock(&self, plan: &LockPlan) -> PortResult<LockReport>;

    /// Ends every session that [`Access::writers`] would count, except those of superusers: superusers can
    /// reconnect despite the lock, so samples have to keep showing them. Returns the number of ended
    /// sessions.
    async fn end_sessions(&self) -> PortResult<u32>;

    /// Restores exactly the access that [`Access::lock`] recorded for this run and deletes the record.
    /// Without a record of this run, nothing changes. Returns the restored roles.
    async fn restore(&self, run_id: &str) -> PortResult<Vec<String>>;

    /// Opens this side to the application: restores its own access snapshot if any run has locked it,
    /// otherwise gives the roles of `like` the access they had on the other side. Returns the opened roles.
    async fn open(&self, like: &AccessSnapshot) -> PortResult<Vec<String>>;
}

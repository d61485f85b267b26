//! Locking writers out of a database, and letting them back in exactly as they were.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::PortResult;
use crate::plan::Scope;

/// A role's access before it was locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAccess {
    pub role: String,
    pub can_login: bool,
    /// It held CONNECT on the database by a grant of its own.
    pub granted_connect: bool,
}

/// Who could enter a database before it was locked, recorded in that database in the same transaction as the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessSnapshot {
    /// The run that locked.
    pub run_id: String,
    /// PUBLIC held CONNECT on the database.
    pub public_connect: bool,
    /// Every role the lock changed, sorted by name.
    pub roles: Vec<RoleAccess>,
    /// The database's access list as the catalogue had it (`datacl::text`), to prove the restoration; none is the default list.
    pub acl: Option<String>,
}

/// What a lock did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockReport {
    /// Roles that were locked, sorted.
    pub roles: Vec<String>,
    /// This run had locked before; nothing was changed now.
    pub already: bool,
}

/// One look at who could still write.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WriterSample {
    /// Sessions of roles that are neither ours nor exempt, superusers included.
    pub sessions: Vec<String>,
    /// Of these, the ones of superusers, whom no lock stops.
    pub superuser_sessions: Vec<String>,
    /// Prepared transactions in this database.
    pub prepared: Vec<String>,
    /// Locked roles that can log in (again): somebody undid the lock.
    pub unlocked_roles: Vec<String>,
}

impl WriterSample {
    /// Nobody is left who could write.
    pub fn is_clean(&self) -> bool {
        self.sessions.is_empty() && self.prepared.is_empty() && self.unlocked_roles.is_empty()
    }
}

/// Locking and opening one side. Every method can be repeated.
#[async_trait]
pub trait Access: Send + Sync {
    /// The snapshot of an earlier lock that was not restored yet.
    async fn snapshot(&self) -> PortResult<Option<AccessSnapshot>>;

    /// How many application transactions run now.
    async fn in_flight(&self) -> PortResult<u32>;

    /// Who could still write.
    async fn writers(&self) -> PortResult<WriterSample>;

    /// Locks every role that can write a table in scope, every role that inherits it and every owner, and takes CONNECT from PUBLIC
    /// and from them; records what was there in the same transaction. Locked by the same run: no change. Locked by
    /// another run: refused.
    async fn lock(&self, scope: &Scope, run_id: &str) -> PortResult<LockReport>;

    /// Ends every session that [`Access::writers`] would count, superusers' excepted (they come back whatever the lock says, so
    /// samples must go on showing them); returns how many.
    async fn end_sessions(&self) -> PortResult<u32>;

    /// Puts back exactly what [`Access::lock`] recorded for this run and forgets the record. No record of this run: no change.
    /// Returns the roles that were restored.
    async fn restore(&self, run_id: &str) -> PortResult<Vec<String>>;

    /// Lets the application in: restores this side's own snapshot when it was locked by any run, otherwise gives the roles
    /// of `like` the access they had on the other side. Returns the roles that were opened.
    async fn open(&self, like: &AccessSnapshot) -> PortResult<Vec<String>>;
}

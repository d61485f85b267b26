//! Who may log in: the lock, its restoration, the opening, and the sessions.

use std::collections::BTreeSet;

use crossover_core::{
    plan::Scope,
    ports::{AccessSnapshot, LockPlan, LockReport, PortError, PortResult, RoleAccess, WriterSample},
};

use super::{MemoryDatabaseState, Session};
use crate::defect::Defect;

impl MemoryDatabaseState {
    /// What a lock would do now; refused while another run has locked.
    pub fn plan_lock(&self, scope: &Scope, run_id: &str, defects: &BTreeSet<Defect>) -> PortResult<LockPlan> {
        let plan = |roles, change| LockPlan {
            run_id: run_id.to_owned(),
            roles,
            change,
        };
        if let Some(locked) = self.locked_by(run_id)?
            && !defects.contains(&Defect::LockRecordsAgain)
        {
            return Ok(plan(locked, None));
        }
        let in_scope = self.tables.keys().any(|t| scope.holds(&t.schema, &t.name));
        let spares_members = defects.contains(&Defect::LockSparesMembers);
        let writers = self.roles.iter().filter(|(name, r)| {
            let writes = if spares_members {
                r.granted_write
            } else {
                self.writes(name)
            };
            in_scope && self.is_application(name) && !r.superuser && writes && r.can_login
        });
        let writers = writers.map(|(name, _)| name.clone()).collect();
        Ok(plan(writers, Some("lock".to_owned())))
    }

    /// The roles that the run has locked out; refused if another run has locked.
    fn locked_by(&self, run_id: &str) -> PortResult<Option<Vec<String>>> {
        let Some(snapshot) = &self.snapshot else {
            return Ok(None);
        };
        if snapshot.run_id != run_id {
            let reason = format!("the database is locked by run {}", snapshot.run_id);
            return Err(PortError::refused(self.what(), reason));
        }
        let roles = snapshot.roles.iter().filter(|r| r.can_login);
        Ok(Some(roles.map(|r| r.role.clone()).collect()))
    }

    pub fn lock(&mut self, plan: &LockPlan, defects: &BTreeSet<Defect>) -> PortResult<LockReport> {
        if let Some(roles) = self.locked_by(&plan.run_id)?
            && !defects.contains(&Defect::LockRecordsAgain)
        {
            return Ok(LockReport { roles, already: true });
        }
        let spares_members = defects.contains(&Defect::LockSparesMembers);
        let writers: BTreeSet<String> = plan.roles.iter().cloned().collect();
        let holders: Vec<String> = self
            .roles
            .iter()
            .filter(|(name, r)| {
                r.granted_connect && self.is_application(name) && !(spares_members && self.writes(name))
            })
            .map(|(name, _)| name.clone())
            .collect();
        let changed: BTreeSet<String> = writers.iter().cloned().chain(holders).collect();
        self.snapshot = Some(AccessSnapshot {
            run_id: plan.run_id.clone(),
            public_connect: self.public_connect,
            roles: changed
                .iter()
                .map(|name| RoleAccess {
                    role: name.clone(),
                    can_login: self.roles[name].can_login,
                    granted_connect: self.roles[name].granted_connect,
                })
                .collect(),
            acl: Some(self.acl()),
        });
        self.public_connect = spares_members && self.public_connect;
        for name in &changed {
            if let Some(role) = self.roles.get_mut(name) {
                role.granted_connect = false;
                role.can_login &= !writers.contains(name);
            }
        }
        Ok(LockReport {
            roles: writers.into_iter().collect(),
            already: false,
        })
    }

    /// Restores the recorded access, whichever run holds the lock.
    pub fn unlock(&mut self, defects: &BTreeSet<Defect>) -> Vec<String> {
        let Some(snapshot) = self.snapshot.take() else {
            return Vec::new();
        };
        let forgets = defects.contains(&Defect::RestoreForgetsConnect);
        self.public_connect = snapshot.public_connect;
        for before in &snapshot.roles {
            if let Some(role) = self.roles.get_mut(&before.role) {
                role.can_login = before.can_login;
                role.granted_connect = before.granted_connect && !forgets;
            }
        }
        snapshot.roles.into_iter().map(|r| r.role).collect()
    }

    pub fn open(&mut self, like: &AccessSnapshot, defects: &BTreeSet<Defect>) -> PortResult<Vec<String>> {
        if self.snapshot.is_some() {
            return Ok(self.unlock(defects));
        }
        let missing: Vec<&str> = like
            .roles
            .iter()
            .map(|r| r.role.as_str())
            .filter(|r| !self.roles.contains_key(*r))
            .collect();
        self.public_connect |= like.public_connect;
        for wanted in &like.roles {
            if let Some(role) = self.roles.get_mut(&wanted.role) {
                role.can_login |= wanted.can_login;
                role.granted_connect |= wanted.granted_connect;
            }
        }
        if missing.is_empty() {
            Ok(like.roles.iter().map(|r| r.role.clone()).collect())
        } else {
            Err(PortError::missing(format!(
                "in {}: role {}",
                self.what(),
                missing.join(", ")
            )))
        }
    }

    pub fn sample(&self, defects: &BTreeSet<Defect>) -> WriterSample {
        let application_sessions = self.sessions.iter().filter(|s| self.is_application(&s.role));
        let text = |s: &Session| format!("session {} of {}", s.id, s.role);
        let is_superuser = |s: &&Session| self.roles.get(&s.role).is_some_and(|r| r.superuser);
        let sessions_omitted = defects.contains(&Defect::SessionsStay);
        let prepared = self.prepared.iter().map(|p| p.gid.clone()).collect();
        let locked = self
            .snapshot
            .iter()
            .flat_map(|s| &s.roles)
            .filter(|r| r.can_login && self.writes(&r.role));
        WriterSample {
            sessions: if sessions_omitted {
                Vec::new()
            } else {
                application_sessions.clone().map(text).collect()
            },
            superuser_sessions: application_sessions.filter(is_superuser).map(text).collect(),
            connecting: Vec::new(),
            prepared: if defects.contains(&Defect::PreparedUnseen) {
                Vec::new()
            } else {
                prepared
            },
            admitted_roles: locked
                .map(|r| r.role.clone())
                .filter(|r| self.roles.get(r).is_some_and(|r| r.can_login))
                .collect(),
        }
    }

    pub fn end_sessions(&mut self, defects: &BTreeSet<Defect>) -> u32 {
        let (roles, exempt) = (&self.roles, &self.exempt);
        let stays = |s: &Session| exempt.contains(&s.role) || roles.get(&s.role).is_some_and(|r| r.superuser);
        let before = self.sessions.len();
        let ended = before - self.sessions.iter().filter(|s| stays(s)).count();
        if !defects.contains(&Defect::SessionsStay) {
            self.sessions.retain(stays);
        }
        ended as u32
    }
}

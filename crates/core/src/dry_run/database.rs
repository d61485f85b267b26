use std::sync::Arc;

use ambassador::delegate_to_methods;
use async_trait::async_trait;

use super::PlannedSteps;
use crate::ports::prelude::*;

/// A database that is read for real and never changed.
pub struct DryDatabase {
    name: &'static str,
    real: Arc<dyn Database>,
    clock: Arc<dyn Clock>,
    /// How long a marker that is not written takes to arrive: what follows really waits for it, so that what is on its way arrives.
    marker_ms: u64,
    steps: PlannedSteps,
}

#[delegate_to_methods]
#[delegate(Catalogue, target_ref = "real")]
#[delegate(Rows, target_ref = "real")]
impl DryDatabase {
    fn real(&self) -> &dyn Database {
        &*self.real
    }
}

impl DryDatabase {
    pub fn new(
        name: &'static str,
        real: Arc<dyn Database>,
        clock: Arc<dyn Clock>,
        marker_ms: u64,
        steps: PlannedSteps,
    ) -> Self {
        Self {
            name,
            real,
            clock,
            marker_ms,
            steps,
        }
    }

    fn note(&self, step: &str) {
        self.steps.note(format!("{}: {step}", self.name));
    }
}

#[async_trait]
impl Access for DryDatabase {
    async fn snapshot(&self) -> PortResult<Option<AccessSnapshot>> {
        Ok(Some(AccessSnapshot {
            run_id: "dry-run".to_owned(),
            public_connect: true,
            roles: Vec::new(),
            acl: None,
        }))
    }
    async fn in_flight(&self) -> PortResult<u32> {
        Ok(0)
    }
    async fn writers(&self) -> PortResult<WriterSample> {
        Ok(WriterSample::default())
    }
    async fn lock(&self, scope: &Scope, _run_id: &str) -> PortResult<LockReport> {
        let writers: Vec<_> = self
            .real
            .roles(scope, &[])
            .await?
            .into_iter()
            .filter(|r| r.writes && !r.superuser)
            .collect();
        let roles: Vec<String> = writers.iter().map(|r| r.role.clone()).collect();
        self.note(&format!(
            "lock roles {} and take CONNECT from PUBLIC",
            roles.join(", ")
        ));
        Ok(LockReport {
            roles,
            already: false,
        })
    }
    async fn end_sessions(&self) -> PortResult<u32> {
        let sessions = self.real.writers().await?.sessions.len() as u32;
        self.note("end every writer's session");
        Ok(sessions)
    }
    async fn restore(&self, _run_id: &str) -> PortResult<Vec<String>> {
        self.note("restore the access that was recorded at the lock");
        Ok(Vec::new())
    }
    async fn open(&self, like: &AccessSnapshot) -> PortResult<Vec<String>> {
        self.note("let the application's roles in");
        Ok(like
            .roles
            .iter()
            .map(|RoleAccess { role, .. }| role.clone())
            .collect())
    }
}

#[async_trait]
impl CatchUpMarkers for DryDatabase {
    async fn prepare_marker(&self) -> PortResult<()> {
        self.note("make the table crossover.catch_up_marker where it is missing");
        Ok(())
    }
    async fn write_marker(&self, _run_id: &str, _nonce: &str) -> PortResult<Lsn> {
        self.note("write a catch-up marker row");
        self.real.current_lsn().await
    }
    async fn count_markers(&self, _run_id: &str, _nonce: &str) -> PortResult<u32> {
        self.note("wait for the catch-up marker row");
        self.clock.sleep_ms(self.marker_ms).await;
        Ok(1)
    }
    async fn clear_markers(&self) -> PortResult<()> {
        self.note("remove old marker rows");
        Ok(())
    }
}

#[async_trait]
impl Sequences for DryDatabase {
    async fn advance_sequences(
        &self,
        positions: &[SequenceFacts],
        headroom: i64,
    ) -> PortResult<Vec<SequenceFacts>> {
        self.note(&format!(
            "move {} sequences at least {headroom} steps beyond the other side's",
            positions.len()
        ));
        Ok(positions.iter().map(|old| old.moved_by(headroom)).collect())
    }
}

#[async_trait]
impl Slots for DryDatabase {
    async fn create_slot(&self, name: &str, plugin: &str) -> PortResult<Lsn> {
        self.note(&format!("make logical slot {name} ({plugin})"));
        self.real.current_lsn().await
    }
    async fn advance_slot(&self, name: &str, to: Lsn) -> PortResult<Lsn> {
        self.note(&format!("advance slot {name} to {to}"));
        Ok(to)
    }
    async fn drop_slot(&self, name: &str) -> PortResult<()> {
        self.note(&format!("drop slot {name}"));
        Ok(())
    }
    async fn current_lsn(&self) -> PortResult<Lsn> {
        self.real.current_lsn().await
    }
}

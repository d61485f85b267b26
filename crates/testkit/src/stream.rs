//! The replication service: tasks that read one side's log and apply it on the other.

use crossover_core::{
    Lsn, Plan,
    catalogue::TableName,
    ports::{CdcTask, PortError, PortResult, TaskState},
    routing::Side,
};

use crate::{
    database::{Change, Effect},
    state::State,
};

/// A task.
#[derive(Debug, Clone)]
pub struct Task {
    pub state: TaskState,
    /// The state it is on its way to, and when it arrives.
    pub becomes: Option<(u64, TaskState)>,
    pub reads: Side,
    pub slot: String,
    pub tables: Vec<TableName>,
    /// Everything up to here is applied.
    pub position: u64,
    pub last_failure: Option<String>,
    pub full_load_percent: u32,
}

/// The side an endpoint belongs to, if it can be used to read (or to write).
fn side_of(plan: &Plan, arn: &str, reading: bool) -> PortResult<Side> {
    let replication = &plan.replication;
    let arns = [
        (Side::Source, &replication.source_endpoints),
        (Side::Target, &replication.target_endpoints),
    ];
    arns.into_iter()
        .find(|(_, e)| arn == if reading { &e.read_arn } else { &e.write_arn })
        .map(|(side, _)| side)
        .ok_or_else(|| {
            PortError::missing(format!(
                "endpoint {arn} for {}",
                if reading { "reading" } else { "writing" }
            ))
        })
}

impl State {
    pub fn create_task(&mut self, spec: &CdcTask) -> PortResult<()> {
        let reads = side_of(&self.plan, &spec.source_endpoint_arn, true)?;
        let writes = side_of(&self.plan, &spec.target_endpoint_arn, false)?;
        if reads == writes {
            return Err(PortError::refused(
                format!("task {}", spec.task),
                "it would read from and write to the same side",
            ));
        }
        if self.tasks.contains_key(&spec.task) {
            return Ok(());
        }
        let ready_at = self.now + self.behaviour.task_ms;
        self.tasks.insert(
            spec.task.clone(),
            Task {
                state: TaskState::Other("creating".to_owned()),
                becomes: Some((ready_at, TaskState::Ready)),
                reads,
                slot: spec.slot.clone(),
                tables: spec.tables.clone(),
                position: 0,
                last_failure: None,
                full_load_percent: 100,
            },
        );
        Ok(())
    }

    pub fn start_task(&mut self, name: &str, from: Option<Lsn>) -> PortResult<()> {
        let arrives = self.now + self.behaviour.task_ms;
        let slots = |side: Side, slot: &str| self.side(side).slots.get(slot).map(|s| s.position);
        let Some(task) = self.tasks.get(name) else {
            return Err(PortError::missing(format!("task {name}")));
        };
        if matches!(task.state, TaskState::Running | TaskState::Starting) {
            return Ok(());
        }
        if !matches!(
            task.state,
            TaskState::Ready | TaskState::Stopped | TaskState::Failed
        ) {
            return Err(PortError::refused(
                format!("task {name}"),
                format!("it is {:?}", task.state),
            ));
        }
        let kept_from = slots(task.reads, &task.slot);
        let Some(task) = self.tasks.get_mut(name) else {
            return Ok(());
        };
        if let Some(kept_from) = kept_from {
            // A slot hands out nothing from before its position, whatever is asked for.
            task.position = from.map_or(task.position, |lsn| lsn.0).max(kept_from);
            task.state = TaskState::Starting;
            task.becomes = Some((arrives, TaskState::Running));
        } else {
            task.state = TaskState::Failed;
            task.becomes = None;
            task.last_failure = Some(format!("slot {} does not exist", task.slot));
        }
        Ok(())
    }

    pub fn stop_task(&mut self, name: &str) -> PortResult<()> {
        let arrives = self.now + self.behaviour.task_ms;
        let task = self
            .tasks
            .get_mut(name)
            .ok_or_else(|| PortError::missing(format!("task {name}")))?;
        if matches!(task.state, TaskState::Running | TaskState::Starting) {
            task.state = TaskState::Stopping;
            task.becomes = Some((arrives, TaskState::Stopped));
        }
        Ok(())
    }

    pub fn delete_task(&mut self, name: &str) -> PortResult<()> {
        match self.tasks.get(name).map(|t| &t.state) {
            None => Ok(()),
            Some(TaskState::Ready | TaskState::Stopped | TaskState::Failed) => {
                self.tasks.remove(name);
                Ok(())
            }
            Some(state) => Err(PortError::refused(
                format!("task {name}"),
                format!("it is {state:?}"),
            )),
        }
    }

    /// A slot a task reads from can be neither moved nor dropped.
    pub fn slot_in_use(&self, side: Side, slot: &str) -> Option<&str> {
        let uses = |t: &&Task| {
            t.reads == side
                && t.slot == slot
                && matches!(
                    t.state,
                    TaskState::Running | TaskState::Starting | TaskState::Stopping
                )
        };
        self.tasks
            .iter()
            .find(|(_, t)| uses(t))
            .map(|(name, _)| name.as_str())
    }

    pub(crate) fn move_tasks(&mut self) {
        let now = self.now;
        for task in self.tasks.values_mut() {
            if let Some((_, next)) = task.becomes.take_if(|(at, _)| now >= *at) {
                task.state = next;
            }
        }
    }

    /// Applies what running tasks have read by now.
    pub(crate) fn carry_changes(&mut self) {
        let due = self.now.saturating_sub(self.behaviour.stream_ms);
        let running = |t: &&Task| matches!(t.state, TaskState::Running | TaskState::Stopping);
        let names: Vec<String> = self
            .tasks
            .iter()
            .filter(|(_, t)| running(t))
            .map(|(n, _)| n.clone())
            .collect();
        for name in names {
            let (reads, position, tables) = {
                let task = &self.tasks[&name];
                (task.reads, task.position, task.tables.clone())
            };
            let log = &self.side(reads).log;
            let begin = log.partition_point(|c| c.lsn <= position);
            let changes: Vec<Change> = log[begin..].iter().take_while(|c| c.at <= due).cloned().collect();
            let Some(last) = changes.last().map(|c| c.lsn) else {
                continue;
            };
            for change in changes {
                self.apply_change(&name, reads, &tables, change);
            }
            if let Some(task) = self.tasks.get_mut(&name) {
                task.position = last;
                let slot = task.slot.clone();
                if let Some(slot) = self.side_mut(reads).slots.get_mut(&slot) {
                    slot.position = slot.position.max(last);
                }
            }
        }
    }

    fn apply_change(&mut self, task: &str, reads: Side, tables: &[TableName], change: Change) {
        let carried = match &change.effect {
            Effect::Row { table, .. } => tables.contains(table),
            Effect::Marker(_) => tables.contains(&TableName::marker()),
        };
        if !carried {
            return;
        }
        if change.replicated {
            self.watch.note(format!(
                "task {task} sends a change back to the side it came from"
            ));
            return;
        }
        let (now, twice) = (self.now, self.behaviour.stream_duplicates);
        let to = self.side_mut(reads.other());
        match change.effect.clone() {
            Effect::Row { table, id, token } => {
                if let Some(table) = to.tables.get_mut(&table) {
                    table.rows.insert(id, token);
                }
            }
            Effect::Marker(row) => {
                to.markers.push(row.clone());
                if twice {
                    to.markers.push(row);
                }
            }
        }
        to.append(now, change.effect, true);
    }
}

//! The simulated replication service: tasks that read one side's log and apply the changes on the other.

use crossover_core::{
    Position, Stream,
    catalogue::TableName,
    ports::{NewStream, PortError, PortResult, StreamState},
    routing::Side,
};

use crate::{
    database::{Change, Effect, Place},
    state::State,
};

/// A replication task.
#[derive(Debug, Clone)]
pub struct Task {
    pub state: StreamState,
    /// The next state, and the time (Unix milliseconds) at which the task enters it.
    pub becomes: Option<(u64, StreamState)>,
    /// Name of the retained position that the task reads from.
    pub retained: String,
    pub tables: Vec<TableName>,
    /// Every change up to this place is applied.
    pub position: Place,
    pub last_failure: Option<String>,
    pub loaded_percent: u32,
}

impl State {
    pub fn create_task(&mut self, new: &NewStream) {
        let ready_at = self.now + self.behaviour.task_ms;
        self.tasks.entry(new.stream).or_insert_with(|| Task {
            state: StreamState::Other("creating".to_owned()),
            becomes: Some((ready_at, StreamState::Ready)),
            retained: new.retained.clone(),
            tables: new.tables.clone(),
            position: Place(0),
            last_failure: None,
            loaded_percent: 100,
        });
    }

    pub fn start_task(&mut self, stream: Stream, from: Option<&Position>) -> PortResult<()> {
        let arrives = self.now + self.behaviour.task_ms;
        let from = from.map(Place::read).transpose()?;
        let retained = |side: Side, name: &str| self.side(side).retained.get(name).copied();
        let Some(task) = self.tasks.get(&stream) else {
            return Err(PortError::missing(stream.to_string()));
        };
        if matches!(task.state, StreamState::Running | StreamState::Starting) {
            return Ok(());
        }
        if !matches!(
            task.state,
            StreamState::Ready | StreamState::Stopped | StreamState::Failed
        ) {
            return Err(PortError::refused(
                stream.to_string(),
                format!("the task is {:?}", task.state),
            ));
        }
        let kept_from = retained(stream.reads(), &task.retained);
        let Some(task) = self.tasks.get_mut(&stream) else {
            return Ok(());
        };
        if let Some(kept_from) = kept_from {
            // Changes before the retained position are gone, whatever start was requested.
            task.position = from.unwrap_or(task.position).max(kept_from);
            task.state = StreamState::Starting;
            task.becomes = Some((arrives, StreamState::Running));
        } else {
            task.state = StreamState::Failed;
            task.becomes = None;
            task.last_failure = Some(format!("retained position {} does not exist", task.retained));
        }
        Ok(())
    }

    pub fn stop_task(&mut self, stream: Stream) -> PortResult<()> {
        let arrives = self.now + self.behaviour.task_ms;
        let task = self
            .tasks
            .get_mut(&stream)
            .ok_or_else(|| PortError::missing(stream.to_string()))?;
        if matches!(task.state, StreamState::Running | StreamState::Starting) {
            task.state = StreamState::Stopping;
            task.becomes = Some((arrives, StreamState::Stopped));
        }
        Ok(())
    }

    pub fn delete_task(&mut self, stream: Stream) -> PortResult<()> {
        match self.tasks.get(&stream).map(|t| &t.state) {
            None => Ok(()),
            Some(StreamState::Ready | StreamState::Stopped | StreamState::Failed) => {
                self.tasks.remove(&stream);
                Ok(())
            }
            Some(state) => Err(PortError::refused(
                stream.to_string(),
                format!("the task is {state:?}"),
            )),
        }
    }

    /// A retained position that an active task reads from can be neither advanced nor released.
    pub fn refuse_in_use(&self, side: Side, name: &str) -> PortResult<()> {
        let uses = |(stream, t): &(&Stream, &Task)| {
            stream.reads() == side
                && t.retained == name
                && matches!(
                    t.state,
                    StreamState::Running | StreamState::Starting | StreamState::Stopping
                )
        };
        match self.tasks.iter().find(uses) {
            None => Ok(()),
            Some((stream, _)) => Err(PortError::refused(
                format!("retained position {name}"),
                format!("{stream} reads from it"),
            )),
        }
    }

    pub(crate) fn move_tasks(&mut self) {
        let now = self.now;
        for task in self.tasks.values_mut() {
            if let Some((_, next)) = task.becomes.take_if(|(at, _)| now >= *at) {
                task.state = next;
            }
        }
    }

    /// Applies the changes that running tasks have read so far.
    pub(crate) fn carry_changes(&mut self) {
        let due = self.now.saturating_sub(self.behaviour.stream_ms);
        let running = |t: &&Task| matches!(t.state, StreamState::Running | StreamState::Stopping);
        let streams: Vec<Stream> = self
            .tasks
            .iter()
            .filter(|(_, t)| running(t))
            .map(|(stream, _)| *stream)
            .collect();
        for stream in streams {
            let reads = stream.reads();
            let (position, tables) = {
                let task = &self.tasks[&stream];
                (task.position, task.tables.clone())
            };
            let log = &self.side(reads).log;
            let begin = log.partition_point(|c| c.place <= position);
            let changes: Vec<Change> = log[begin..].iter().take_while(|c| c.at <= due).cloned().collect();
            let Some(last) = changes.last().map(|c| c.place) else {
                continue;
            };
            for change in changes {
                self.apply_change(stream, &tables, change);
            }
            if let Some(task) = self.tasks.get_mut(&stream) {
                task.position = last;
                let name = task.retained.clone();
                if let Some(place) = self.side_mut(reads).retained.get_mut(&name) {
                    *place = last.max(*place);
                }
            }
        }
    }

    fn apply_change(&mut self, stream: Stream, tables: &[TableName], change: Change) {
        let carried = match &change.effect {
            Effect::Row { table, .. } => tables.contains(table),
            Effect::Marker(_) => tables.contains(&TableName::marker()),
        };
        if !carried {
            return;
        }
        if change.replicated {
            self.watch
                .note(format!("{stream} sends a change back to its origin"));
            return;
        }
        let (now, twice) = (self.now, self.behaviour.stream_duplicates);
        let to = self.side_mut(stream.writes());
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

//! The state that has to survive a restart, in one file that is always complete.
//!
//! The slot is advanced only after the file is on disk, so changes that are not in the file are still in the
//! slot.

use std::{fs, io, path::PathBuf};

use crossover_atomic_file::{Readers, replace};
use crossover_core::{
    Position,
    catalogue::TableName,
    ports::{Positions, RetainedState},
    routing::Side,
    rows::RowKey,
};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    FollowError,
    dirty::{Dirty, PackedKey, Whole},
};
use crate::prepared::PreparedTable;

/// Version of the file format. A file of another version is refused.
const VERSION: u32 = 1;

/// Facts in which a checkpoint has to agree with the run that continues from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CheckpointIdentity {
    /// The databases, by their own identities.
    pub source: String,
    pub target: String,
    pub writer: Side,
    pub slot: String,
    /// Hash of the tables, their columns, keys and forms.
    pub forms: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    version: u32,
    pub ground: CheckpointIdentity,
    /// Seed of the hash chain; keys of rows without a key depend on the seed.
    pub seed: i64,
    /// Every change before this is in here.
    pub confirmed: Position,
    /// Why nothing can go on from here, if so.
    pub ended: Option<String>,
    pub tables: Vec<TableState>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableState {
    pub table: TableName,
    /// The table was compared as a whole at least once.
    pub swept: bool,
    /// The table has to be compared as a whole again.
    pub whole: bool,
    /// Rows that are not known to be equal.
    pub keys: Vec<RowKey>,
}

/// Where checkpoints are kept.
#[derive(Debug, Clone)]
pub struct CheckpointFile(PathBuf);

/// A file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("checkpoint {path}: {reason}; choose a file in a writable folder, or remove the file to start again")]
pub struct CheckpointError {
    path: String,
    reason: String,
}

impl CheckpointFile {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "errors are handed over as they are, `map_err` style"
    )]
    fn error(&self, reason: impl ToString) -> CheckpointError {
        CheckpointError {
            path: self.0.display().to_string(),
            reason: reason.to_string(),
        }
    }

    /// Reads the checkpoint; `None` if the file does not exist.
    pub(super) fn read(&self) -> Result<Option<Checkpoint>, CheckpointError> {
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.error(error)),
        };
        let checkpoint: Checkpoint = serde_json::from_slice(&text).map_err(|e| self.error(e))?;
        if checkpoint.version != VERSION {
            return Err(self.error(format!("its version is {}, not {VERSION}", checkpoint.version)));
        }
        Ok(Some(checkpoint))
    }

    /// Replaces the old file atomically and flushes to disk.
    pub(super) fn write(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let bytes = serde_json::to_vec(checkpoint).map_err(|e| self.error(e))?;
        replace(&self.0, &bytes, Readers::Everybody).map_err(|e| self.error(e))
    }
}

impl Checkpoint {
    pub fn of(
        dirty: &Dirty,
        ground: &CheckpointIdentity,
        seed: i64,
        confirmed: Position,
        ended: Option<String>,
    ) -> Self {
        let tables = dirty.tables.iter().map(|(table, t)| TableState {
            table: table.clone(),
            swept: t.swept,
            // A comparison in progress ends with the process.
            whole: t.whole != Whole::No,
            keys: t.keys.keys().map(PackedKey::key).collect(),
        });
        Self {
            version: VERSION,
            ground: ground.clone(),
            seed,
            confirmed,
            ended,
            tables: tables.collect(),
        }
    }

    /// A checkpoint of other databases is not overwritten: another run can continue only from that file.
    pub fn is_of(&self, ground: &CheckpointIdentity) -> Result<(), FollowError> {
        let here = &self.ground;
        if (&here.source, &here.target) == (&ground.source, &ground.target) {
            return Ok(());
        }
        Err(FollowError::OtherDatabases {
            source_then: here.source.clone(),
            target_then: here.target.clone(),
        })
    }

    /// Why a run cannot go on from here, if it cannot.
    pub fn obstacle(
        &self,
        ground: &CheckpointIdentity,
        slot: Option<&RetainedState>,
        positions: &dyn Positions,
    ) -> Option<String> {
        let here = &self.ground;
        if let Some(reason) = &self.ended {
            return Some(reason.clone());
        }
        if here.writer != ground.writer {
            return Some(format!(
                "the writer was the {} at the time of the checkpoint",
                here.writer
            ));
        }
        if here.forms != ground.forms {
            return Some("tables, columns, keys or options have changed since the checkpoint".to_owned());
        }
        let Some(slot) = slot else {
            return Some(format!(
                "slot {} does not exist, so the changes since the checkpoint are lost",
                here.slot
            ));
        };
        if let Some(why) = &slot.lost {
            return Some(format!("slot {} cannot be read any more: {why}", here.slot));
        }
        match positions.bytes_ahead(&self.confirmed, &slot.position) {
            Err(error) => Some(error.to_string()),
            Ok(Some(1..)) => Some(format!(
                "slot {} stands at {}, beyond {} of the checkpoint: another run has used it",
                here.slot, slot.position, self.confirmed
            )),
            Ok(Some(0) | None) => None,
        }
    }

    /// Restores the state.
    pub fn restore(&self, dirty: &mut Dirty) {
        for state in &self.tables {
            let Some(table) = dirty.tables.get_mut(&state.table) else {
                continue;
            };
            table.swept = state.swept;
            table.whole = Whole::No;
            for key in &state.keys {
                dirty.add(&state.table, PackedKey::new(key));
            }
            if state.whole {
                dirty.make_whole(&state.table);
            }
        }
    }
}

/// Equal for the same tables, columns, keys and ways of hashing; the seed is not included.
pub(super) fn print_of(tables: &[PreparedTable]) -> String {
    let lines: Vec<String> = tables
        .iter()
        .map(|table| {
            let mut forms = table.forms.clone();
            forms.0.seed = 0;
            forms.1.seed = 0;
            format!("{forms:?}\n")
        })
        .collect();
    format!("{:016x}", xxh3_64(lines.concat().as_bytes()))
}

/// The slot of a pair of databases: the same name in every run, so that no slot is left behind for ever.
pub fn slot_name(writer_database: &str, target: &str) -> String {
    let text = format!("{writer_database}\n{target}");
    format!("crossover_verify_{:016x}", xxh3_64(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use crossover_core::ports::{PortError, PortResult};

    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            version: VERSION,
            ground: CheckpointIdentity {
                source: "1".into(),
                target: "2".into(),
                writer: Side::Source,
                slot: "crossover_verify_x".into(),
                forms: "f".into(),
            },
            seed: -7,
            confirmed: Position::new("100"),
            ended: None,
            tables: vec![TableState {
                table: TableName {
                    schema: "s".into(),
                    name: "t".into(),
                },
                swept: true,
                whole: false,
                keys: vec![vec!["1".into(), "it's \"é\"".into()]],
            }],
        }
    }

    /// An engine whose positions are plain numbers.
    struct Numbers;

    impl Positions for Numbers {
        fn bytes_ahead(&self, from: &Position, to: &Position) -> PortResult<Option<u64>> {
            let number = |position: &Position| {
                position
                    .as_str()
                    .parse::<u64>()
                    .map_err(|e| PortError::unexpected("a position", e))
            };
            Ok(number(to)?.checked_sub(number(from)?))
        }
    }

    fn slot(confirmed: u64, lost: bool) -> RetainedState {
        RetainedState {
            position: Position::new(confirmed.to_string()),
            retained_bytes: 0,
            lost: lost.then(|| "the server has invalidated it".to_owned()),
        }
    }

    #[test]
    fn a_written_checkpoint_is_read_and_no_other_file_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = CheckpointFile::new(folder.path().join("c.json"));
        assert_eq!(file.read().unwrap(), None);
        let mut checkpoint = checkpoint();
        file.write(&checkpoint).unwrap();
        checkpoint.confirmed = Position::new("200");
        file.write(&checkpoint).unwrap();
        assert_eq!(file.read().unwrap(), Some(checkpoint));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_of_another_form_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.json");
        let file = CheckpointFile::new(&path);
        let mut other = checkpoint();
        other.version = 2;
        file.write(&other).unwrap();
        let error = file.read().unwrap_err().to_string();
        assert!(
            error.contains("its version is 2") && error.contains(&path.display().to_string()),
            "{error}"
        );
        fs::write(&path, "{}").unwrap();
        assert!(file.read().is_err());
    }

    #[test]
    fn a_run_continues_only_with_the_same_tables_and_its_own_slot() {
        let checkpoint = checkpoint();
        let ground = checkpoint.ground.clone();
        let reason = |ground: &CheckpointIdentity, slot: Option<RetainedState>| {
            checkpoint.obstacle(ground, slot.as_ref(), &Numbers)
        };
        assert_eq!(reason(&ground, Some(slot(100, false))), None);
        assert_eq!(reason(&ground, Some(slot(90, false))), None);
        let changed = |change: fn(&mut CheckpointIdentity)| {
            let mut ground = ground.clone();
            change(&mut ground);
            reason(&ground, Some(slot(100, false))).unwrap()
        };
        assert!(checkpoint.is_of(&ground).is_ok());
        let mut other = ground.clone();
        other.target.push('x');
        let error = checkpoint.is_of(&other).unwrap_err();
        assert!(error.to_string().contains("other databases"), "{error}");
        assert!(changed(|g| g.writer = Side::Target).contains("writer"));
        assert!(changed(|g| g.forms.push('x')).contains("columns"));
        assert!(reason(&ground, None).unwrap().contains("does not exist"));
        assert!(
            reason(&ground, Some(slot(100, true)))
                .unwrap()
                .contains("invalidated")
        );
        assert!(
            reason(&ground, Some(slot(101, false)))
                .unwrap()
                .contains("another run")
        );
        let mut of_another_engine = checkpoint.clone();
        of_another_engine.confirmed = Position::new("binlog.000042:1337");
        let reason = of_another_engine.obstacle(&ground, Some(&slot(100, false)), &Numbers);
        assert!(reason.is_some_and(|reason| reason.contains("a position")));
        let mut ended = checkpoint.clone();
        ended.ended = Some("full".into());
        assert_eq!(
            ended.obstacle(&ground, Some(&slot(100, false)), &Numbers),
            Some("full".into())
        );
    }
}

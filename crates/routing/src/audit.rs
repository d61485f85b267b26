//! The lane's log of accepted changes. Each entry carries the hash of the entry before, so an entry that is
//! removed, inserted or altered breaks the chain.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    lane::{Command, Epoch, LaneRecord, Phase},
    time::UnixMillis,
};

/// One accepted change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The lane's epoch after the change.
    pub epoch: Epoch,
    /// When the lane accepted it (Unix milliseconds, the lane's clock).
    pub at_ms: UnixMillis,
    /// The accepted command.
    pub command: Command,
    /// The run that owns the lane after the change.
    pub run_id: Option<String>,
    /// The phase after the change.
    pub phase: Phase,
    /// The hash of the entry before, or the lane's genesis.
    pub prev_hash: String,
    /// SHA-256 (hex) over everything above.
    pub hash: String,
}

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainHead {
    /// The lane's epoch.
    pub epoch: Epoch,
    /// The last entry's hash, or the lane's genesis.
    pub hash: String,
}

/// The answer of the audit endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLog {
    /// Every accepted change, oldest first.
    pub entries: Vec<AuditEntry>,
    /// The end of the chain, stored apart from the entries.
    pub head: ChainHead,
}

/// The first fault of a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    #[error("audit entry of epoch {epoch} was altered: its hash does not fit its content")]
    Altered { epoch: Epoch },
    #[error(
        "audit entry of epoch {epoch} does not follow the one before it: an entry is missing or out of order"
    )]
    Gap { epoch: Epoch },
    /// The chain ends at another epoch than the lane's record.
    #[error("the audit log ends at epoch {found}, the lane is at {expected}: the end is missing")]
    WrongHead {
        /// Epoch of the last entry.
        found: Epoch,
        /// Epoch of the lane's record.
        expected: Epoch,
    },
}

/// The hash a lane's first entry refers to; binds the chain to the lane.
pub fn genesis(lane: &str) -> ChainHead {
    let hash = hex::encode(Sha256::digest(format!("crossover-audit-v1\n{lane}")));
    ChainHead {
        epoch: LaneRecord::new(lane).epoch,
        hash,
    }
}

impl AuditEntry {
    /// The entry for a change that led to `record`, after `head`.
    pub fn new(head: &ChainHead, record: &LaneRecord, command: &Command, at_ms: UnixMillis) -> Self {
        let mut entry = Self {
            epoch: record.epoch,
            at_ms,
            command: command.clone(),
            run_id: record.run_id.clone(),
            phase: record.phase,
            prev_hash: head.hash.clone(),
            hash: String::new(),
        };
        entry.hash = entry.content_hash();
        entry
    }

    /// The chain's end once this entry is its last.
    pub fn head(&self) -> ChainHead {
        ChainHead {
            epoch: self.epoch,
            hash: self.hash.clone(),
        }
    }

    fn content_hash(&self) -> String {
        let content = serde_json::json!([
            self.epoch,
            self.at_ms,
            self.command,
            self.run_id,
            self.phase,
            self.prev_hash
        ]);
        hex::encode(Sha256::digest(content.to_string()))
    }
}

impl AuditLog {
    /// Checks that the entries are the complete, unaltered history of `lane` up to the head.
    pub fn verify(&self, lane: &str) -> Result<(), BrokenChain> {
        verify_chain(lane, &self.entries, &self.head)
    }
}

/// Checks that `entries` are the complete, unaltered history of `lane` up to `head`.
pub fn verify_chain(lane: &str, entries: &[AuditEntry], head: &ChainHead) -> Result<(), BrokenChain> {
    let mut end = genesis(lane);
    for entry in entries {
        if entry.hash != entry.content_hash() {
            return Err(BrokenChain::Altered { epoch: entry.epoch });
        }
        if entry.prev_hash != end.hash || entry.epoch != end.epoch.next() {
            return Err(BrokenChain::Gap { epoch: entry.epoch });
        }
        end = entry.head();
    }
    if end == *head {
        Ok(())
    } else {
        Err(BrokenChain::WrongHead {
            found: end.epoch,
            expected: head.epoch,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::{HeldWrites, Side};
    use crate::time::Millis;

    fn chain() -> AuditLog {
        let run_id = || "run-1".to_owned();
        let commands = [
            Command::Arm {
                run_id: run_id(),
                towards: Side::Target,
                hold_at_ms: UnixMillis(5_000),
                hold_deadline_ms: UnixMillis(9_000),
                hold: HeldWrites::All,
            },
            Command::Hold { run_id: run_id() },
            Command::Commit { run_id: run_id() },
            Command::Release { run_id: run_id() },
        ];
        let (mut record, mut head, mut entries) = (LaneRecord::new("main"), genesis("main"), Vec::new());
        for (command, now) in commands.iter().zip([0, 5_000, 5_100, 5_200]) {
            record = record.next(command, UnixMillis(now)).unwrap();
            let entry = AuditEntry::new(&head, &record, command, UnixMillis(now));
            head = entry.head();
            entries.push(entry);
        }
        AuditLog { entries, head }
    }

    #[test]
    fn a_complete_chain_is_accepted_also_after_a_json_round_trip() {
        let text = serde_json::to_string(&chain()).unwrap();
        let back: AuditLog = serde_json::from_str(&text).unwrap();
        assert_eq!(back.verify("main"), Ok(()));
        assert_eq!(
            AuditLog {
                entries: vec![],
                head: genesis("main")
            }
            .verify("main"),
            Ok(())
        );
    }

    #[test]
    fn every_single_missing_entry_is_noticed() {
        for missing in 0..chain().entries.len() {
            let mut log = chain();
            log.entries.remove(missing);
            assert!(
                log.verify("main").is_err(),
                "entry {missing} was taken out unnoticed"
            );
        }
    }

    #[test]
    fn an_altered_swapped_or_foreign_entry_is_noticed() {
        let mut log = chain();
        log.entries[1].at_ms += Millis(1);
        assert_eq!(log.verify("main"), Err(BrokenChain::Altered { epoch: Epoch(3) }));
        let mut log = chain();
        log.entries.swap(1, 2);
        assert_eq!(log.verify("main"), Err(BrokenChain::Gap { epoch: Epoch(4) }));
        assert_eq!(chain().verify("other"), Err(BrokenChain::Gap { epoch: Epoch(2) }));
    }

    #[test]
    fn an_entry_altered_with_its_own_hash_recomputed_breaks_the_next_one() {
        let mut log = chain();
        log.entries[1].at_ms += Millis(1);
        log.entries[1].hash = log.entries[1].content_hash();
        assert_eq!(log.verify("main"), Err(BrokenChain::Gap { epoch: Epoch(4) }));
    }
}

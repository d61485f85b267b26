//! Rules that decide when a row that was seen to differ really differs.
//!
//! A round has four steps: take all changes, wait for the follower (the pass), read the follower's row, then
//! read the writer's row (both reads are one check). In round n these are take(n), pass(n) and check(n).
//!
//! **Quiet rows.** Two checks in a row saw the same two rows, and no change of the key was taken since
//! take(n) of the first check, up to a complete take after the second check. So the writer's row has not
//! changed since before pass(n), the follower has received everything, and the rows differ. A row that
//! alternates between two values is not mistaken for a quiet row, because its changes are taken.
//!
//! **Hot rows.** A row that changes more often than a change takes to arrive differs in nearly every check,
//! and is healthy. Such a row is watched: all versions that the writer gives the row are collected. If the
//! first version was taken by take(n), pass(n) has brought that version or a later one to the follower, and
//! the row that check(n) reads there must be one of those taken by take(n+1): the follower shows only
//! versions that had been flushed before. A row that is none of these versions was never written. Three such
//! checks in a row are required. The writer's row has to be one of the versions, too: otherwise the texts of
//! changes and of checks are not comparable for one of its types, and no conclusion is drawn. The writer's
//! row may match only some takes later: where commits do not wait for the disk (`synchronous_commit = off`),
//! a row is visible before its change can be read.
//!
//! When passes prove nothing (a fixed wait), both rules require some seconds of difference in addition. A
//! follower that is further behind than that causes alarms, which are withdrawn when the follower has caught
//! up; with a catch-up marker there are no such alarms.

use crossover_core::{Millis, UnixMillis, ports::Written, rows::HashPlan};

use super::versions::{RowNow, Versions};
use crate::rows::Mismatch;

/// Number of checks of a hot row that saw a version which was never written.
const UNKNOWN_VERSIONS: u32 = 3;
/// Number of rounds a check may wait until its row of the writer is among the versions.
const LATE: u32 = 5;
/// Number of whole comparisons of a table without a key that saw the same difference.
const COMPARISONS: u32 = 3;

/// A row that may differ. Kept small, because there are many.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// The round in which the last change of the row was taken.
    pub changed: u32,
    /// The round of the last check of the row.
    pub checked_in: u32,
    /// The row was seen to differ.
    pub suspect: Option<Box<Suspect>>,
}

/// A row that was seen to differ.
#[derive(Debug)]
pub(super) struct Suspect {
    pub mismatch: Mismatch,
    /// The round that first saw exactly this difference, and the number of consecutive checks that did.
    since: u32,
    checks: u32,
    /// When the row was last not known to be unequal.
    unequal_since: UnixMillis,
    pub unequal_checks: u32,
    pub reported: bool,
    pub watching: Option<Box<Watching>>,
}

/// A row whose versions are collected.
#[derive(Debug, Default)]
pub(super) struct Watching {
    versions: Versions,
    /// Round and time of the first version.
    first: Option<(u32, UnixMillis)>,
    probe: Option<Probe>,
    unknown_versions: u32,
}

/// The rows of both sides as one check saw them.
#[derive(Debug)]
pub(super) struct Probe {
    pub round: u32,
    pub follower: RowNow,
    pub writer: RowNow,
}

/// The conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Open,
    Differs {
        hot: bool,
    },
    /// The row seemed to differ, but the version on the follower has been written.
    Follows,
}

/// How reliable a pass is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Certainty {
    /// How long a row has to differ.
    pub least: Millis,
    pub now: UnixMillis,
}

impl Watching {
    pub fn add(&mut self, form: &HashPlan, written: Option<&Written>, round: u32, now: UnixMillis) {
        if self.versions.add(form, written) {
            self.first = None;
            self.unknown_versions = 0;
        }
        self.first.get_or_insert((round, now));
    }

    /// Records a check; ignored while an earlier check can still be judged.
    pub fn probed(&mut self, probe: Probe) {
        let pending = self.probe.as_ref();
        if pending.is_none_or(|earlier| probe.round.saturating_sub(earlier.round) > LATE) {
            self.probe = Some(probe);
        }
    }

    fn judge(&mut self, forms: (&HashPlan, &HashPlan), certainty: Certainty) -> Verdict {
        let (Some(probe), Some((first_round, first))) = (&self.probe, self.first) else {
            return Verdict::Open;
        };
        let (follower, writer) = forms;
        if first_round > probe.round {
            self.probe = None;
            return Verdict::Open;
        }
        if self.versions.know(follower, &probe.follower) {
            self.probe = None;
            self.unknown_versions = 0;
            return Verdict::Follows;
        }
        if self.versions.know(writer, &probe.writer) {
            self.probe = None;
            self.unknown_versions += 1;
        }
        let long = certainty.now.since(first) >= certainty.least;
        if self.unknown_versions >= UNKNOWN_VERSIONS && long {
            Verdict::Differs { hot: true }
        } else {
            Verdict::Open
        }
    }
}

impl Entry {
    pub fn is_reported(&self) -> bool {
        self.suspect.as_ref().is_some_and(|s| s.reported)
    }

    /// The writer gave the row this version; `form` is the writer's.
    pub fn written(&mut self, form: &HashPlan, written: Option<&Written>, round: u32, now: UnixMillis) {
        if let Some(watching) = self.suspect.as_mut().and_then(|s| s.watching.as_mut()) {
            watching.add(form, written, round, now);
        }
    }

    /// A check saw the row differ.
    pub fn saw(&mut self, mismatch: Mismatch, round: u32, now: UnixMillis) {
        self.checked_in = round;
        match &mut self.suspect {
            None => {
                self.suspect = Some(Box::new(Suspect {
                    mismatch,
                    since: round,
                    checks: 1,
                    unequal_since: now,
                    unequal_checks: 1,
                    reported: false,
                    watching: None,
                }));
            }
            Some(suspect) => {
                suspect.unequal_checks = suspect.unequal_checks.saturating_add(1);
                // A change that was taken since may have been made after the earlier checks, so these no
                // longer count.
                if suspect.mismatch == mismatch && self.changed <= suspect.since {
                    suspect.checks = suspect.checks.saturating_add(1);
                } else {
                    suspect.mismatch = mismatch;
                    suspect.since = round;
                    suspect.checks = 1;
                }
            }
        }
    }

    /// Draws the conclusion after a complete take. The forms are those of the follower and of the writer.
    pub fn judge(&mut self, forms: (&HashPlan, &HashPlan), keyless: bool, certainty: Certainty) -> Verdict {
        let changed = self.changed;
        let Some(suspect) = &mut self.suspect else {
            return Verdict::Open;
        };
        let hot = match &mut suspect.watching {
            Some(watching) => watching.judge(forms, certainty),
            None => Verdict::Open,
        };
        let long = certainty.now.since(suspect.unequal_since) >= certainty.least;
        let still = if keyless {
            suspect.checks >= COMPARISONS
        } else {
            suspect.checks >= 2 && changed <= suspect.since
        };
        if still && long {
            Verdict::Differs { hot: false }
        } else {
            hot
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURE: Certainty = Certainty {
        least: Millis(0),
        now: UnixMillis(0),
    };

    fn mismatch(source: i128, target: i128) -> Mismatch {
        Mismatch {
            source: Some((source, 1)),
            target: Some((target, 1)),
        }
    }

    fn form() -> HashPlan {
        HashPlan {
            table: crossover_core::catalogue::TableName {
                schema: "s".into(),
                name: "t".into(),
            },
            partitioned: false,
            columns: vec![crossover_core::rows::ColumnPlan {
                name: "v".into(),
                form: crossover_core::rows::ColumnEncoding::Int4,
                sql_type: "integer".into(),
                nullable: false,
            }],
            key: vec![0],
            hashing: crossover_core::rows::Hashing::TypedHash,
            seed: 1,
            condition: None,
        }
    }

    fn judge(entry: &mut Entry, certainty: Certainty) -> Verdict {
        let form = form();
        entry.judge((&form, &form), false, certainty)
    }

    #[test]
    fn a_row_that_did_not_change_during_two_checks_differs() {
        let mut entry = Entry {
            changed: 3,
            ..Entry::default()
        };
        entry.saw(mismatch(1, 2), 3, UnixMillis(0));
        assert_eq!(judge(&mut entry, SURE), Verdict::Open);
        entry.saw(mismatch(1, 2), 4, UnixMillis(0));
        assert_eq!(judge(&mut entry, SURE), Verdict::Differs { hot: false });
    }

    #[test]
    fn a_row_that_was_checked_before_its_change_was_taken_is_judged_by_later_checks() {
        let mut entry = Entry::default();
        entry.saw(mismatch(1, 2), 1, UnixMillis(0));
        entry.changed = 2;
        entry.saw(mismatch(1, 2), 2, UnixMillis(0));
        assert_eq!(judge(&mut entry, SURE), Verdict::Open);
        entry.saw(mismatch(1, 2), 3, UnixMillis(0));
        assert_eq!(judge(&mut entry, SURE), Verdict::Differs { hot: false });
    }

    #[test]
    fn a_row_that_alternates_between_two_values_is_not_mistaken_for_a_quiet_one() {
        let mut entry = Entry::default();
        for round in 3..9 {
            entry.changed = round;
            assert_eq!(judge(&mut entry, SURE), Verdict::Open, "round {round}");
            entry.saw(mismatch(1, 2), round, UnixMillis(0));
        }
    }

    #[test]
    fn without_a_proof_a_row_has_to_differ_for_some_time() {
        let mut entry = Entry::default();
        entry.saw(mismatch(1, 2), 3, UnixMillis(1_000));
        entry.saw(mismatch(1, 2), 4, UnixMillis(2_000));
        let after = |now| Certainty {
            least: Millis(3_000),
            now: UnixMillis(now),
        };
        assert_eq!(judge(&mut entry, after(3_999)), Verdict::Open);
        assert_eq!(judge(&mut entry, after(4_000)), Verdict::Differs { hot: false });
    }

    fn watched() -> Entry {
        let mut entry = Entry::default();
        entry.saw(mismatch(1, 2), 1, UnixMillis(0));
        entry.suspect.as_mut().unwrap().watching = Some(Box::default());
        entry
    }

    /// A round in which the writer gives the row the number of the round, and the check sees these rows.
    fn round(entry: &mut Entry, round: u32, follower: &str, writer: &str) -> Verdict {
        let value = |text: &str| Some(vec![Some(text.to_owned())]);
        let written = [("v".to_owned(), Some(round.to_string()))].into();
        entry.changed = round;
        entry.saw(mismatch(i128::from(round), 0), round, UnixMillis(0));
        let watching = entry.suspect.as_mut().unwrap().watching.as_mut().unwrap();
        watching.add(&form(), Some(&written), round, UnixMillis(0));
        watching.probed(Probe {
            round,
            follower: value(follower),
            writer: value(writer),
        });
        judge(entry, SURE)
    }

    #[test]
    fn a_hot_row_that_shows_an_older_version_is_healthy() {
        let mut entry = watched();
        for n in 2..20_u32 {
            let before = (n - 1).max(2).to_string();
            assert_eq!(round(&mut entry, n, &before, &n.to_string()), Verdict::Follows);
        }
    }

    #[test]
    fn a_hot_row_that_shows_what_was_never_written_differs() {
        let mut entry = watched();
        assert_eq!(round(&mut entry, 2, "-1", "2"), Verdict::Open);
        assert_eq!(round(&mut entry, 3, "-1", "3"), Verdict::Open);
        assert_eq!(round(&mut entry, 4, "-1", "4"), Verdict::Differs { hot: true });
    }

    #[test]
    fn there_is_no_conclusion_if_the_writers_row_is_not_among_its_versions() {
        let mut entry = watched();
        for n in 2..20 {
            assert_eq!(round(&mut entry, n, "-1", "2.0"), Verdict::Open, "round {n}");
        }
    }

    #[test]
    fn a_row_whose_changes_can_be_read_only_later_is_judged_then() {
        let mut entry = watched();
        // Every check sees the version that the take after the next one brings.
        let verdicts: Vec<Verdict> = (2..20_u32)
            .map(|n| round(&mut entry, n, "-1", &(n + 2).to_string()))
            .collect();
        assert!(verdicts.contains(&Verdict::Differs { hot: true }), "{verdicts:?}");

        let mut entry = watched();
        for n in 2..20_u32 {
            let verdict = round(&mut entry, n, &(n + 1).to_string(), &(n + 2).to_string());
            assert!(verdict != Verdict::Differs { hot: true }, "round {n}");
        }
    }

    #[test]
    fn a_check_before_the_pass_of_the_first_version_does_not_count() {
        let mut watching = Watching::default();
        let form = form();
        let written = [("v".to_owned(), Some("1".to_owned()))].into();
        watching.probed(Probe {
            round: 4,
            follower: Some(vec![Some("0".into())]),
            writer: Some(vec![Some("1".into())]),
        });
        watching.add(&form, Some(&written), 5, UnixMillis(0));
        assert_eq!(watching.judge((&form, &form), SURE), Verdict::Open);
        assert_eq!(watching.unknown_versions, 0);
    }
}

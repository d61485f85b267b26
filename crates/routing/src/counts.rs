//! What came of the requests of a lane: counted in each isolate, added up at the lane.
//!
//! An isolate counts from its beginning and sends the whole count beside its reports. The lane adds what it is more than
//! the isolate has sent before: a lost message loses nothing, and one that arrives twice or late counts once.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    lane::Side,
    sizes::{self, SIZES},
    time::{Millis, UnixMillis},
    traffic::{BadReport, IsolateId},
};

/// An isolate that was not heard for this long counts as one that the lane has never heard.
const FORGET_AFTER: Millis = Millis(3_600_000);

/// What became of a forwarded request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The origin answered with this status.
    Answered(u16),
    /// The origin could not be reached, or the connection broke.
    Unreachable,
    /// No answer within the permitted time.
    TimedOut,
}

/// What became of a read that was also sent to the side that does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shadowed {
    Equal,
    Different,
    /// The other side gave no answer.
    Failed,
    /// Not compared: too large, or too many at once.
    Skipped,
}

/// All of them, with their names.
pub const SHADOWED: [(Shadowed, &str); 4] = [
    (Shadowed::Equal, "equal"),
    (Shadowed::Different, "different"),
    (Shadowed::Failed, "failed"),
    (Shadowed::Skipped, "skipped"),
];

/// Numbers of one kind of request to one side: a count for each size of time, then these.
const TOTAL_MS: usize = SIZES;
const SERVER_ERRORS: usize = SIZES + 1;
const UNREACHABLE: usize = SIZES + 2;
const TIMED_OUT: usize = SIZES + 3;
const OF_ONE: usize = SIZES + 4;
/// After reads and writes to the source and to the target: the requests that the edge kept to itself.
const HELD: usize = 4 * OF_ONE;
const REFUSED: usize = 4 * OF_ONE + 1;
const SHADOW: usize = 4 * OF_ONE + 2;
const ALL: usize = SHADOW + SHADOWED.len();

/// All requests of an isolate, or of all isolates, to one lane. Numbers only grow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Counts([u64; ALL]);

/// Requests of one kind to one side.
#[derive(Debug, Clone, Copy)]
pub struct Forwarded<'a>(&'a [u64]);

impl Forwarded<'_> {
    /// Answered requests by how long the origin took for the headers of its answer, a count for each of [`sizes`].
    pub fn times(&self) -> &[u64] {
        self.0.get(..SIZES).unwrap_or_default()
    }

    /// The times of the answered requests together, in milliseconds.
    pub fn total_ms(&self) -> u64 {
        self.number(TOTAL_MS)
    }

    /// Answered requests.
    pub fn answered(&self) -> u64 {
        self.times().iter().sum()
    }

    /// Of the answered ones, those with a status of 500 or more.
    pub fn server_errors(&self) -> u64 {
        self.number(SERVER_ERRORS)
    }

    pub fn unreachable(&self) -> u64 {
        self.number(UNREACHABLE)
    }

    pub fn timed_out(&self) -> u64 {
        self.number(TIMED_OUT)
    }

    /// All that were forwarded.
    pub fn all(&self) -> u64 {
        self.answered() + self.unreachable() + self.timed_out()
    }

    fn number(&self, at: usize) -> u64 {
        self.0.get(at).copied().unwrap_or_default()
    }
}

/// Both kinds of request to both sides: the side, and whether it is a write.
pub const KINDS: [(Side, bool); 4] = [
    (Side::Source, false),
    (Side::Source, true),
    (Side::Target, false),
    (Side::Target, true),
];

/// The name of a kind of request.
pub const fn kind(is_write: bool) -> &'static str {
    if is_write { "write" } else { "read" }
}

/// Where the numbers of one kind of request to one side begin.
const fn place(side: Side, is_write: bool) -> usize {
    let place = match (side, is_write) {
        (Side::Source, false) => 0,
        (Side::Source, true) => 1,
        (Side::Target, false) => 2,
        (Side::Target, true) => 3,
    };
    place * OF_ONE
}

impl Default for Counts {
    fn default() -> Self {
        Self([0; ALL])
    }
}

impl Counts {
    /// Counts a request that was forwarded.
    pub fn forwarded(&mut self, side: Side, is_write: bool, ended: Ended, took: Millis) {
        let begin = place(side, is_write);
        match ended {
            Ended::Answered(status) => {
                self.more(begin + sizes::of(took), 1);
                self.more(begin + TOTAL_MS, took.0);
                self.more(begin + SERVER_ERRORS, u64::from(status >= 500));
            }
            Ended::Unreachable => self.more(begin + UNREACHABLE, 1),
            Ended::TimedOut => self.more(begin + TIMED_OUT, 1),
        }
    }

    /// Counts a request that is held.
    pub fn holds_one(&mut self) {
        self.more(HELD, 1);
    }

    /// Counts a request that the edge answered itself: it reached no database.
    pub fn refuses_one(&mut self) {
        self.more(REFUSED, 1);
    }

    /// Counts a read that was also sent to the other side.
    pub fn shadowed(&mut self, outcome: Shadowed) {
        self.more(SHADOW + outcome as usize, 1);
    }

    /// Reads that were also sent to the other side, by outcome.
    pub fn of_shadows(&self, outcome: Shadowed) -> u64 {
        self.0.get(SHADOW + outcome as usize).copied().unwrap_or_default()
    }

    /// Requests of one kind to one side.
    pub fn of(&self, side: Side, is_write: bool) -> Forwarded<'_> {
        let begin = place(side, is_write);
        Forwarded(self.0.get(begin..begin + OF_ONE).unwrap_or_default())
    }

    /// Requests that were held.
    pub const fn held(&self) -> u64 {
        self.0[HELD]
    }

    /// Requests that the edge answered itself.
    pub const fn refused(&self) -> u64 {
        self.0[REFUSED]
    }

    fn more(&mut self, at: usize, by: u64) {
        if let Some(number) = self.0.get_mut(at) {
            *number = number.saturating_add(by);
        }
    }

    /// What these are more than earlier ones.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut more = self.clone();
        for (number, before) in more.0.iter_mut().zip(earlier.0) {
            *number = number.saturating_sub(before);
        }
        more
    }

    fn add(&mut self, more: &Self) {
        for (number, more) in self.0.iter_mut().zip(more.0) {
            *number = number.saturating_add(more);
        }
    }
}

/// The numbers, separated by `-`; most are 0, and left out.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, number) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("-")?;
            }
            if *number > 0 {
                write!(f, "{number}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Counts {
    type Err = BadReport;

    fn from_str(text: &str) -> Result<Self, BadReport> {
        let number = |text: &str| match text {
            "" => Ok(0),
            digits => digits.parse(),
        };
        let numbers: Result<Vec<u64>, _> = text.split('-').map(number).collect();
        let numbers = numbers.map_err(|_| BadReport)?;
        numbers.try_into().map(Self).map_err(|_| BadReport)
    }
}

impl From<Counts> for String {
    fn from(counts: Counts) -> Self {
        counts.to_string()
    }
}

impl TryFrom<String> for Counts {
    type Error = BadReport;

    fn try_from(text: String) -> Result<Self, BadReport> {
        text.parse()
    }
}

#[derive(Debug)]
struct Heard {
    number: u64,
    counts: Counts,
    at: UnixMillis,
}

/// The counts of all isolates of a lane together, since its object began. Kept in memory only.
#[derive(Debug, Default)]
pub struct Tally {
    sum: Counts,
    heard: BTreeMap<IsolateId, Heard>,
}

impl Tally {
    /// Takes the counts of an isolate. `number` grows with each message of the isolate, from 1.
    pub fn hear(&mut self, isolate: IsolateId, number: u64, counts: Counts, now: UnixMillis) {
        self.heard.retain(|_, heard| now.since(heard.at) < FORGET_AFTER);
        let known = self.heard.get(&isolate);
        if known.is_some_and(|known| known.number >= number) {
            return;
        }
        match known {
            Some(known) => self.sum.add(&counts.since(&known.counts)),
            None if number == 1 => self.sum.add(&counts),
            // An earlier instance of the lane has heard it: its counts are in a sum that is gone.
            None => {}
        }
        let at = now;
        self.heard.insert(isolate, Heard { number, counts, at });
    }

    /// The sum of what was heard.
    pub const fn sum(&self) -> &Counts {
        &self.sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn one_of_each() -> Counts {
        let mut counts = Counts::default();
        for (side, is_write) in KINDS {
            counts.forwarded(side, is_write, Ended::Answered(200), Millis(7));
        }
        counts
    }

    #[test]
    fn each_request_counts_where_it_belongs() {
        let mut counts = one_of_each();
        counts.forwarded(Side::Source, true, Ended::Answered(500), Millis(40_000));
        counts.forwarded(Side::Source, true, Ended::Unreachable, Millis(1));
        counts.forwarded(Side::Target, false, Ended::TimedOut, Millis(1));
        counts.holds_one();
        counts.refuses_one();
        let of = |side, is_write| {
            let one = counts.of(side, is_write);
            [
                one.answered(),
                one.total_ms(),
                one.server_errors(),
                one.unreachable(),
                one.timed_out(),
            ]
        };
        assert_eq!(of(Side::Source, false), [1, 7, 0, 0, 0]);
        assert_eq!(of(Side::Source, true), [2, 40_007, 1, 1, 0]);
        assert_eq!(of(Side::Target, false), [1, 7, 0, 0, 1]);
        assert_eq!(of(Side::Target, true), [1, 7, 0, 0, 0]);
        assert_eq!((counts.held(), counts.refused()), (1, 1));
        for (place, (outcome, _)) in SHADOWED.into_iter().enumerate() {
            (0..=place).for_each(|_| counts.shadowed(outcome));
        }
        assert_eq!(
            SHADOWED.map(|(outcome, _)| counts.of_shadows(outcome)),
            [1, 2, 3, 4]
        );
        assert_eq!(
            counts.of(Side::Source, true).times().last(),
            Some(&1),
            "beyond every limit"
        );
    }

    #[test]
    fn counts_pass_as_text() {
        let counts = one_of_each();
        assert_eq!(counts.to_string().parse(), Ok(counts.clone()));
        assert!(counts.to_string().len() < 100, "zeros cost one character");
        for text in ["", "1-2", "x", &"-".repeat(ALL), &format!("{counts}-")] {
            assert_eq!(text.parse::<Counts>(), Err(BadReport), "{text}");
        }
    }

    #[test]
    fn an_isolate_that_an_earlier_instance_has_heard_counts_from_now_on() {
        let mut tally = Tally::default();
        let mut counts = one_of_each();
        tally.hear(IsolateId(1), 9, counts.clone(), NOW);
        assert_eq!(tally.sum(), &Counts::default());
        counts.holds_one();
        tally.hear(IsolateId(1), 10, counts, NOW);
        assert_eq!(
            (tally.sum().held(), tally.sum().of(Side::Source, true).answered()),
            (1, 0)
        );
    }

    #[test]
    fn an_isolate_that_is_long_gone_costs_nothing() {
        let mut tally = Tally::default();
        tally.hear(IsolateId(1), 1, one_of_each(), NOW);
        tally.hear(IsolateId(2), 1, one_of_each(), NOW + FORGET_AFTER);
        assert_eq!(tally.heard.len(), 1);
        assert_eq!(
            tally.sum().of(Side::Target, true).answered(),
            2,
            "what it sent still counts"
        );
    }

    proptest! {
        /// Messages may be lost, late or doubled: what the newest of an isolate says is in the sum, once.
        #[test]
        fn the_sum_is_that_of_the_newest_message_of_each_isolate(
            mut arrivals in prop::collection::vec((0_u64..3, 1_u64..20), 1..60),
        ) {
            // The lane has heard each isolate from its beginning.
            arrivals.splice(0..0, (0..3).map(|isolate| (isolate, 1)));
            let mut tally = Tally::default();
            let mut newest = [0_u64; 3];
            for (isolate, number) in arrivals {
                let mut counts = Counts::default();
                for _ in 0..number {
                    counts.forwarded(Side::Target, true, Ended::Answered(200), Millis(3));
                }
                tally.hear(IsolateId(isolate), number, counts, NOW);
                let newest = &mut newest[isolate as usize];
                *newest = number.max(*newest);
            }
            let sum = tally.sum().of(Side::Target, true);
            prop_assert_eq!(sum.answered(), newest.iter().sum::<u64>());
            prop_assert_eq!(sum.total_ms(), 3 * newest.iter().sum::<u64>());
        }

        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = text.parse::<Counts>();
        }
    }
}

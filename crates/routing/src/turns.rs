//! The order in which held requests go on after a release: as they came, and a few at a time at first.
//!
//! The application of the new writer is cold: its pool has no sessions, its servers no plans. If all held requests reach it at once,
//! each opens a session of its own, and the first one is answered as late as the last. A few at a time, the sessions of the
//! first serve those behind them. Twice as many at once as the writer is used to empty the queue as fast as it has filled, and after
//! as many answers it is one more.
//!
//! A client that leaves while its request waits for its turn takes a place that nobody gives back; therefore everyone waits for a turn for the
//! same limited time ([`Turns::leave`]).

use std::collections::VecDeque;

use crate::lane::Epoch;

/// So many go at once even if there was less traffic before.
const AT_LEAST: usize = 2;

/// Who waits for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u64);

/// The answer to a request that asks for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It goes now.
    Now,
    /// It is woken when its turn comes.
    Later(Ticket),
}

/// The requests of one lane in one isolate that go on after a release. `W` wakes one that waits.
#[derive(Debug)]
pub struct Turns<W> {
    /// The record under which they go on: each release starts over.
    epoch: Epoch,
    at_once: usize,
    /// Answers since the last rise of `at_once`.
    answers: usize,
    underway: usize,
    waiting: VecDeque<(Ticket, W)>,
    tickets: u64,
}

impl<W> Default for Turns<W> {
    fn default() -> Self {
        Self {
            epoch: Epoch(0),
            at_once: 0,
            answers: 0,
            underway: 0,
            waiting: VecDeque::new(),
            tickets: 0,
        }
    }
}

impl<W> Turns<W> {
    /// Whether a request waits for its turn. A newer request then waits behind it.
    pub fn any_waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A request asks for its turn. `usual` is how many at a time the writer was used to before the hold.
    pub fn ask(&mut self, epoch: Epoch, usual: usize, wake: impl FnOnce() -> W) -> Turn {
        if epoch > self.epoch {
            self.epoch = epoch;
            self.at_once = usual.saturating_mul(2).max(AT_LEAST);
            self.answers = 0;
            self.underway = 0;
        }
        if self.waiting.is_empty() && self.underway < self.at_once {
            self.underway += 1;
            return Turn::Now;
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.waiting.push_back((ticket, wake()));
        Turn::Later(ticket)
    }

    /// A request that waited goes now, woken or not. If it was not woken, its time is over, and so is that of everyone before it: who has not
    /// gone yet is there no more.
    pub fn leave(&mut self, ticket: Ticket) {
        if let Some(at) = self.waiting.iter().position(|(waits, _)| *waits == ticket) {
            self.waiting.drain(..=at);
            self.underway += 1;
        }
    }

    /// A request that went on under this epoch is answered, or given up. Those returned have their turn now.
    pub fn answered(&mut self, epoch: Epoch) -> Vec<W> {
        if epoch != self.epoch {
            return Vec::new();
        }
        self.underway = self.underway.saturating_sub(1);
        self.answers += 1;
        if self.answers >= self.at_once {
            self.answers = 0;
            self.at_once += 1;
        }
        let free = self.at_once.saturating_sub(self.underway).min(self.waiting.len());
        self.underway += free;
        self.waiting.drain(..free).map(|(_, wake)| wake).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RELEASE: Epoch = Epoch(7);

    fn ask(turns: &mut Turns<u32>, number: u32) -> Turn {
        turns.ask(RELEASE, 1, || number)
    }

    #[test]
    fn twice_as_many_as_usual_go_at_once_and_the_others_as_places_become_free_in_the_order_of_asking() {
        let mut turns = Turns::default();
        let asked: Vec<Turn> = (0..9).map(|number| turns.ask(RELEASE, 2, || number)).collect();
        assert_eq!(asked[..4], [Turn::Now; 4]);
        assert!(asked[4..].iter().all(|turn| matches!(turn, Turn::Later(_))));
        assert_eq!(turns.answered(RELEASE), [4]);
        assert_eq!(turns.answered(RELEASE), [5]);
        assert_eq!(turns.answered(RELEASE), [6]);
        assert_eq!(
            turns.answered(RELEASE),
            [7, 8],
            "after four answers it is five at once"
        );
        assert!(!turns.any_waits());
    }

    #[test]
    fn two_go_at_once_where_there_was_no_traffic() {
        let mut turns = Turns::default();
        let asked: Vec<Turn> = (0..3).map(|number| turns.ask(RELEASE, 0, || number)).collect();
        assert_eq!(asked[..2], [Turn::Now; 2]);
        assert!(matches!(asked[2], Turn::Later(_)));
    }

    #[test]
    fn a_newer_request_does_not_pass_one_that_waits() {
        let mut turns = Turns::default();
        for number in 0..4 {
            ask(&mut turns, number);
        }
        assert_eq!(turns.answered(RELEASE), [2]);
        assert!(matches!(ask(&mut turns, 4), Turn::Later(_)));
        assert_eq!(turns.answered(RELEASE), [3, 4]);
        assert!(turns.answered(RELEASE).is_empty());
        assert_eq!(ask(&mut turns, 5), Turn::Now, "nobody waits, and a place is free");
    }

    #[test]
    fn who_has_waited_for_too_long_goes_and_is_not_woken_as_well() {
        let mut turns = Turns::default();
        let asked: Vec<Turn> = (0..5).map(|number| ask(&mut turns, number)).collect();
        let Turn::Later(third) = asked[2] else {
            panic!("{asked:?}")
        };
        turns.leave(third);
        turns.leave(third);
        // Three are under way where two may be: the first answer frees no place but its own.
        assert!(turns.answered(RELEASE).is_empty());
        assert_eq!(turns.answered(RELEASE), [3, 4]);
    }

    #[test]
    fn who_is_gone_does_not_keep_the_queue() {
        let mut turns = Turns::default();
        let asked: Vec<Turn> = (0..5).map(|number| ask(&mut turns, number)).collect();
        // The clients of 2 and 3 have left, and nothing is heard of them again.
        let Turn::Later(last) = asked[4] else {
            panic!("{asked:?}")
        };
        turns.leave(last);
        assert!(!turns.any_waits(), "requests are direct again");
        assert!(turns.answered(RELEASE).is_empty());
    }

    #[test]
    fn each_release_starts_over_and_an_answer_of_an_older_one_frees_nothing() {
        let mut turns = Turns::default();
        for number in 0..3 {
            ask(&mut turns, number);
        }
        let next = Epoch(RELEASE.0 + 3);
        // Whoever still waits keeps its place, first in the queue.
        assert!(matches!(turns.ask(next, 1, || 9), Turn::Later(_)));
        assert!(turns.answered(RELEASE).is_empty());
        assert_eq!(turns.answered(next), [2, 9]);
    }

    proptest! {
        /// Whatever happens, a request goes once: at once, woken, or after its time; in the order of asking unless its time was over.
        #[test]
        fn nobody_is_forgotten_and_nobody_goes_twice(steps in proptest::collection::vec(0_u8..4, 1..200), usual in 0_usize..5) {
            let mut turns: Turns<usize> = Turns::default();
            let (mut asked, mut gone, mut underway) = (0_usize, Vec::new(), 0_usize);
            let mut tickets: Vec<(usize, Ticket)> = Vec::new();
            for step in steps {
                match step {
                    0 | 1 => {
                        match turns.ask(RELEASE, usual, || asked) {
                            Turn::Now => { gone.push(asked); underway += 1; }
                            Turn::Later(ticket) => tickets.push((asked, ticket)),
                        }
                        asked += 1;
                    }
                    2 if underway > 0 => {
                        underway -= 1;
                        for woken in turns.answered(RELEASE) {
                            prop_assert_eq!(tickets.remove(0).0, woken, "first come, first served");
                            gone.push(woken);
                            underway += 1;
                        }
                    }
                    3 if !tickets.is_empty() => {
                        let (number, ticket) = tickets.remove(0);
                        turns.leave(ticket);
                        gone.push(number);
                        underway += 1;
                    }
                    _ => {}
                }
                prop_assert_eq!(turns.any_waits(), !tickets.is_empty());
                prop_assert!(underway > 0 || tickets.is_empty(), "with nobody under way, nobody would be woken");
            }
            gone.extend(tickets.iter().map(|(number, _)| *number));
            gone.sort_unstable();
            prop_assert_eq!(gone, (0..asked).collect::<Vec<_>>());
        }
    }
}

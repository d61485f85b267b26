//! `crossover edge hold`: writes wait at the edge for some seconds, without a cutover.

use std::{future::ready, io, pin::pin, process::ExitCode};

use anyhow::Context as _;
use crossover_clock::SystemClock;
use crossover_core::{
    Millis,
    ports::Clock,
    routing::{Command, HeldWrites, LaneRecord, lane::SERVE_LEASE},
};
use crossover_interrupt::{Interrupt, interrupted};
use crossover_operate::edge::EdgeAdmin;
use crossover_report::number::{count, duration};
use indicatif::ProgressBar;

use super::{
    change::Setting,
    release::{self, RUN_PREFIX},
};
use crate::{
    migration::{Config, to_the_end},
    output::print,
    progress::Progress,
};

pub const MANUAL: &str = "Let writes, and reads, wait at the edge for some seconds, then let them go to the side that they would have gone to. No database is touched and the writer stays: use it while \
a database behind the lane fails over or restarts.\n\n\
The hold is announced one lease (5 s) before it begins, so that all isolates begin at once. It ends after --for seconds or by Ctrl-C. A request that waits for longer than the Worker's HOLD_MAX_MS (10 s by default) gets 503 with \
\"not executed\". If this command is killed, the lane ends the hold by itself at its deadline, and `crossover edge release` lets the held requests go.\n\n\
It is refused while a cutover is under way, and after a migration is complete.";

/// From the announcement to the beginning of the hold: a lease, and time for the announcement itself.
const AHEAD: Millis = Millis(SERVE_LEASE.0 + 400);
/// The lane ends the hold so much later than this command, if the command does not.
const SLACK: Millis = Millis(2_000);
/// How often the number of held requests is read.
const LOOK_EVERY: Millis = Millis(500);

const HOLD: Setting = Setting {
    name: "the hold",
    possible: "writes can be held only while a side serves and no cutover is under way",
};

/// Options of `crossover edge hold`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 held and released; 1 the lane refuses it, or has ended the hold before: nothing is held; 2 could not run, or it is unknown whether the held requests go on: \
                  `crossover edge release` lets them go; 130 interrupted: released."
)]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
    /// How long requests wait, in seconds
    #[arg(long = "for", value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=15))]
    seconds: u64,
    /// Hold only writes with the header idempotency-key; the others get 503 with "not executed"
    #[arg(long)]
    keyed: bool,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    to_the_end(execute(arguments))
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let admin = arguments.config.clients().await?.lane().await?;
    let hold = Hold {
        length: Millis(arguments.seconds * 1_000),
        writes: if arguments.keyed {
            HeldWrites::Keyed
        } else {
            HeldWrites::All
        },
    };
    let held = hold.take_place(&admin, &SystemClock, interrupted()).await;
    held.with_context(|| {
        let shown = arguments.config.shown();
        format!("`crossover edge release{shown}` lets held requests go, if there are any")
    })
}

#[derive(Debug, Clone, Copy)]
struct Hold {
    length: Millis,
    writes: HeldWrites,
}

/// Why a hold has ended.
enum Ended {
    InTime,
    Interrupted(Interrupt),
    /// Somebody else, or the lane's deadline, has ended it.
    Elsewhere(LaneRecord),
}

impl Hold {
    async fn take_place(
        self,
        admin: &EdgeAdmin,
        clock: &impl Clock,
        interrupt: impl Future<Output = io::Result<Interrupt>>,
    ) -> anyhow::Result<ExitCode> {
        let mut interrupt = pin!(interrupt);
        // From here on a signal ends the hold, and not the command.
        tokio::select! {
            biased;
            Ok(interrupt) = &mut interrupt => return Ok(ExitCode::from(interrupt.exit_status())),
            () = ready(()) => {}
        }
        let record = admin.read().await?;
        let hold_at_ms = clock.now() + AHEAD;
        let run_id = format!("{RUN_PREFIX}{hold_at_ms}");
        let arm = Command::Arm {
            run_id: run_id.clone(),
            // Where a commit would lead; none follows.
            towards: record.writer.other(),
            hold_at_ms,
            hold_deadline_ms: hold_at_ms + self.length + SLACK,
            hold: self.writes,
        };
        let Some(armed) = HOLD.change(admin, &record, arm).await? else {
            return Ok(ExitCode::FAILURE);
        };
        let progress = Progress::new();
        progress.line(&format!(
            "lane {}, epoch {}: requests are held in {}, for {}",
            armed.lane,
            armed.epoch,
            duration(AHEAD),
            duration(self.length)
        ));
        let bar = progress.spinner();
        let ended = tokio::select! {
            biased;
            Ok(interrupt) = interrupt => Ok(Ended::Interrupted(interrupt)),
            ended = self.held(admin, clock, &armed, &bar) => ended,
        };
        bar.finish_and_clear();
        if let Ok(Ended::Elsewhere(record)) = &ended {
            eprintln!(
                "the hold has ended before: the lane is at epoch {}, phase {}",
                record.epoch,
                record.phase.name()
            );
        }
        // Whatever has happened: nobody waits longer than asked for.
        let after = release::let_go(admin, clock, &run_id).await?;
        let status = match ended? {
            Ended::InTime => ExitCode::SUCCESS,
            Ended::Interrupted(interrupt) => ExitCode::from(interrupt.exit_status()),
            Ended::Elsewhere(_) => return Ok(ExitCode::FAILURE),
        };
        print(&format!(
            "Lane {}, epoch {}: requests waited for {}; the {} serves as before.\n",
            after.lane,
            after.epoch,
            duration(clock.now().since(hold_at_ms)),
            after.writer
        ))?;
        Ok(status)
    }

    /// Waits until the time is over.
    async fn held(
        self,
        admin: &EdgeAdmin,
        clock: &impl Clock,
        armed: &LaneRecord,
        bar: &ProgressBar,
    ) -> anyhow::Result<Ended> {
        let begin = armed.hold_at_ms.unwrap_or(clock.now());
        let end = begin + self.length;
        while clock.now() < end {
            let record = admin.read().await?;
            if record.epoch != armed.epoch {
                return Ok(Ended::Elsewhere(record));
            }
            bar.set_message(format!("{} requests wait", count(admin.held().await?)));
            clock.sleep(LOOK_EVERY.min(end.since(clock.now()))).await;
        }
        Ok(Ended::InTime)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use crossover_core::routing::{Phase, Side};

    use super::{
        super::tests::{EdgeClock, edge_at, locked},
        *,
    };

    const HOLD: Hold = Hold {
        length: Millis(3_000),
        writes: HeldWrites::Keyed,
    };

    #[tokio::test]
    async fn requests_are_held_for_the_time_and_go_on_to_the_same_side() {
        let clock = EdgeClock::default();
        let began = clock.now();
        let (admin, edge) = edge_at(clock.clone()).await;
        let ended = HOLD.take_place(&admin, &clock, pending()).await.unwrap();
        assert_eq!(ended, ExitCode::SUCCESS);
        let record = locked(&edge).record.clone();
        assert_eq!((record.phase, record.writer), (Phase::ServeSource, Side::Source));
        assert_eq!(clock.now().since(began), AHEAD + Millis(3_000));
        assert_eq!(locked(&edge).asked, 3, "announced, ended, released");
    }

    #[tokio::test]
    async fn a_signal_ends_the_hold_and_nobody_waits_any_longer() {
        let clock = EdgeClock::default();
        let (admin, edge) = edge_at(clock.clone()).await;
        // Arrives once the hold is announced.
        let asked = edge.clone();
        let interrupt = async {
            while locked(&asked).asked == 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(locked(&asked).record.hold, HeldWrites::Keyed);
            Ok(Interrupt::Interrupt)
        };
        let ended = HOLD.take_place(&admin, &clock, interrupt).await.unwrap();
        assert_eq!(ended, ExitCode::from(130));
        assert_eq!(locked(&edge).record.phase, Phase::ServeSource);
    }

    #[tokio::test]
    async fn a_hold_that_somebody_else_has_ended_is_a_failure() {
        let clock = EdgeClock::default();
        let (admin, edge) = edge_at(clock.clone()).await;
        let stranger = edge.clone();
        let at = clock.clone();
        let ending = async move {
            while locked(&stranger).record.phase != Phase::Armed {
                tokio::task::yield_now().await;
            }
            let mut edge = locked(&stranger);
            let run_id = edge.record.run_id.clone().unwrap();
            edge.record = edge.record.next(&Command::Abort { run_id }, at.now()).unwrap();
        };
        let (ended, ()) = tokio::join!(HOLD.take_place(&admin, &clock, pending()), ending);
        assert_eq!(ended.unwrap(), ExitCode::FAILURE);
        assert_eq!(
            locked(&edge).record.phase,
            Phase::ServeSource,
            "let go all the same"
        );
    }

    #[tokio::test]
    async fn a_lane_in_a_cutover_is_left_alone() {
        let clock = EdgeClock::default();
        let (admin, edge) = edge_at(clock.clone()).await;
        let hold_at_ms = clock.now() + AHEAD;
        let arm = Command::Arm {
            run_id: "shop-1".to_owned(),
            towards: Side::Target,
            hold_at_ms,
            hold_deadline_ms: hold_at_ms + Millis(5_000),
            hold: HeldWrites::All,
        };
        let armed = locked(&edge).record.next(&arm, clock.now()).unwrap();
        locked(&edge).record = armed.clone();
        let ended = HOLD.take_place(&admin, &clock, pending()).await.unwrap();
        assert_eq!(ended, ExitCode::FAILURE);
        assert_eq!(locked(&edge).record, armed);
        let ended = release::release(&admin, &clock).await.unwrap();
        assert_eq!(
            ended,
            ExitCode::FAILURE,
            "a run is ended by its abort, which unlocks the database first"
        );
        assert_eq!(locked(&edge).record, armed);
    }

    #[tokio::test]
    async fn what_a_killed_command_has_left_is_released() {
        let clock = EdgeClock::default();
        let (admin, edge) = edge_at(clock.clone()).await;
        let hold_at_ms = clock.now() + AHEAD;
        let arm = Command::Arm {
            run_id: format!("{RUN_PREFIX}{hold_at_ms}"),
            towards: Side::Target,
            hold_at_ms,
            hold_deadline_ms: hold_at_ms + Millis(5_000),
            hold: HeldWrites::All,
        };
        let armed = locked(&edge).record.next(&arm, clock.now()).unwrap();
        locked(&edge).record = armed;
        for _ in 0..2 {
            let ended = release::release(&admin, &clock).await.unwrap();
            assert_eq!(ended, ExitCode::SUCCESS);
            assert_eq!(locked(&edge).record.phase, Phase::ServeSource);
        }
        assert_eq!(locked(&edge).asked, 2, "ended and released, once");
    }
}

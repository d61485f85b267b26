//! Headroom: whether the load leaves room for a pause within its limits, and how long the pause will be.

use super::obstacle::{Obstacle, What};
use crossover_core::{
    Millis, StageContext, StageError,
    catalogue::ServerLoad,
    plan::DatabasePlan,
    ports::Figure,
    routing::{BuildId, Traffic},
};

/// What Step Functions takes between the two functions of the pause. Measured locally: 30 to 45 ms; AWS
/// publishes no figure.
const TRANSITION: Millis = Millis(50);
/// Calls of the pause that wait for each other: to the lane, and to a database.
const LANE_CALLS: u64 = 5;
const DATABASE_CALLS: u64 = 11;
/// A server with more of its sessions in use than this percentage may refuse the application's reconnects.
const MOST_SESSIONS_PERCENT: u64 = 90;

/// A server that uses more of its CPU than this percentage answers the statements of the pause late.
const MOST_CPU_PERCENT: u32 = 90;

/// Of the requests that the edge can hold, the share that the predicted pause may fill with writes, in percent. The
/// rest is for reads, which are held too and which the edge does not count, and for a pause that is longer than
/// predicted.
const MOST_HELD_PERCENT: u64 = 50;

/// The load at one time.
pub struct Load {
    traffic: Traffic,
    sessions: [(&'static str, ServerLoad); 2],
    /// The CPU of the servers whose name in the monitoring the plan tells.
    cpu: Vec<Cpu>,
    /// How long a call to the lane and a query took.
    lane_ms: Millis,
    database_ms: Millis,
}

/// The CPU use of one server.
struct Cpu {
    server: String,
    newest: Option<Figure<u32>>,
}

impl Cpu {
    async fn of(ctx: &StageContext, side: &DatabasePlan) -> Result<Option<Self>, StageError> {
        let Some(server) = side.monitored_as.clone() else {
            return Ok(None);
        };
        let newest = ctx.metrics.cpu(&server).await?;
        Ok(Some(Self { server, newest }))
    }
}

impl Load {
    pub async fn now(ctx: &StageContext) -> Result<Self, StageError> {
        let began = ctx.clock.now();
        let traffic = ctx.lane.traffic().await?;
        let answered = ctx.clock.now();
        let old = ctx.old_writer.reads.load().await?;
        let database_ms = ctx.clock.now().since(answered);
        let new = ctx.new_writer.reads.load().await?;
        let (source, target) =
            futures::try_join!(Cpu::of(ctx, &ctx.plan.source), Cpu::of(ctx, &ctx.plan.target))?;
        Ok(Self {
            cpu: source.into_iter().chain(target).collect(),
            traffic,
            sessions: [("old", old), ("new", new)],
            lane_ms: answered.since(began),
            database_ms,
        })
    }

    /// Why a pause could not succeed within the plan's limits now.
    pub fn obstacle(&self, grace: Millis) -> Option<Obstacle> {
        let looks = [
            (What::Figure, self.unknown()),
            (What::TwoVersions, self.two_versions()),
            (What::SlowWrites, self.slow_writes(grace)),
            (What::StuckWrite, self.stuck_write(grace)),
            (What::HeldWrites, self.held_writes()),
            (What::BusyServer, self.busy_server()),
            (What::FullServer, self.full_server()),
        ];
        let mut found = looks
            .into_iter()
            .filter_map(|(what, reason)| Some(Obstacle::new(what, reason?)));
        found.next()
    }

    /// The figure that is missing, though the plan names it. Unknown is not ready.
    fn unknown(&self) -> Option<String> {
        self.cpu.iter().find_map(|Cpu { server, newest }| {
            Figure::known(*newest, &format!("CPU figure for {server}")).err()
        })
    }

    /// The lane refuses to arm then.
    fn two_versions(&self) -> Option<String> {
        let builds = self.traffic.builds;
        (builds > 1).then(|| {
            format!("{builds} versions of the edge's Worker serve the lane: a deployment is under way")
        })
    }

    fn slow_writes(&self, grace: Millis) -> Option<String> {
        let p95 = self.traffic.recent_p95_ms.filter(|p95| *p95 > grace)?;
        Some(format!(
            "5 of 100 writes take longer than {p95} ms; limits.drain_grace_ms is {grace}"
        ))
    }

    fn stuck_write(&self, grace: Millis) -> Option<String> {
        let traffic = &self.traffic;
        (traffic.in_flight > 0 && traffic.reported_oldest_ms > grace).then(|| {
            format!(
                "one of {} write(s) in flight at the edge has had no answer for {} ms; limits.drain_grace_ms is {grace}",
                traffic.in_flight, traffic.reported_oldest_ms
            )
        })
    }

    /// One request more than the edge can hold gets a 503.
    fn held_writes(&self) -> Option<String> {
        let held_max = self.traffic.held_max?;
        let rate = self.traffic.writes_per_s;
        let pause = self.predicted_pause(Millis(0));
        let held = rate.saturating_mul(pause.0) / 1_000;
        (held.saturating_mul(100) > held_max.saturating_mul(MOST_HELD_PERCENT)).then(|| {
            format!(
                "{rate} writes a second and a pause of about {pause} ms would hold {held} writes, above \
                 {MOST_HELD_PERCENT} % of the {held_max} requests that the edge holds (HELD_MAX)"
            )
        })
    }

    fn busy_server(&self) -> Option<String> {
        self.cpu.iter().find_map(|Cpu { server, newest }| {
            let percent = newest
                .map(|cpu| cpu.value)
                .filter(|percent| *percent > MOST_CPU_PERCENT)?;
            Some(format!(
                "{server} uses {percent} % of its CPU; above {MOST_CPU_PERCENT} % the pause would be long"
            ))
        })
    }

    fn full_server(&self) -> Option<String> {
        self.sessions.iter().find_map(|(which, load)| {
            let full = u64::from(load.sessions) * 100 > u64::from(load.most_sessions) * MOST_SESSIONS_PERCENT;
            full.then(|| {
                format!(
                    "{} of {} sessions of the {which} writer are in use; above {MOST_SESSIONS_PERCENT} % the application may \
                     not be able to connect again",
                    load.sessions, load.most_sessions
                )
            })
        })
    }

    /// What the edge runs.
    pub const fn edge_build(&self) -> Option<BuildId> {
        self.traffic.build
    }

    /// The pause to expect: writes end, then the calls of the pause, the marker, and one transition.
    pub fn predicted_pause(&self, marker_ms: Millis) -> Millis {
        self.traffic.recent_p95_ms.unwrap_or_default()
            + self.lane_ms * LANE_CALLS
            + self.database_ms * DATABASE_CALLS
            + marker_ms
            + TRANSITION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Millis = Millis(2_000);

    fn load(traffic: Traffic, sessions: u32) -> Load {
        let of = |sessions| ServerLoad {
            sessions,
            most_sessions: 100,
        };
        Load {
            traffic,
            sessions: [("old", of(10)), ("new", of(sessions))],
            cpu: Vec::new(),
            lane_ms: Millis(4),
            database_ms: Millis(2),
        }
    }

    /// What stands in the way, and that the reason has this figure.
    fn stands(load: &Load, figure: &str) -> Option<What> {
        let obstacle = load.obstacle(GRACE)?;
        assert!(obstacle.reason.contains(figure), "{}", obstacle.reason);
        Some(obstacle.what)
    }

    #[test]
    fn slow_writes_a_stuck_write_and_a_full_server_stand_in_the_way() {
        let calm = Traffic {
            in_flight: 3,
            reported_oldest_ms: GRACE,
            recent_p95_ms: Some(GRACE),
            ..Traffic::default()
        };
        assert_eq!(load(calm, 90).obstacle(GRACE), None);
        let slow = Traffic {
            recent_p95_ms: Some(Millis(5_000)),
            ..calm
        };
        assert_eq!(stands(&load(slow, 1), "5000 ms"), Some(What::SlowWrites));
        let stuck = Traffic {
            reported_oldest_ms: Millis(2_001),
            ..calm
        };
        assert_eq!(
            stands(&load(stuck, 1), "no answer for 2001 ms"),
            Some(What::StuckWrite)
        );
        // The lane has not heard of the write for a while; it was young then.
        let silent = Traffic {
            oldest_ms: Millis(2_400),
            ..calm
        };
        assert_eq!(load(silent, 1).obstacle(GRACE), None);
        let idle = Traffic {
            in_flight: 0,
            ..stuck
        };
        assert_eq!(load(idle, 1).obstacle(GRACE), None);
        assert_eq!(
            stands(&load(calm, 91), "91 of 100 sessions of the new writer"),
            Some(What::FullServer)
        );
    }

    #[test]
    fn more_writes_than_half_of_what_the_edge_holds_stand_in_the_way() {
        let of = |writes_per_s, held_max| {
            let traffic = Traffic {
                recent_p95_ms: Some(Millis(108)),
                writes_per_s,
                held_max,
                ..Traffic::default()
            };
            load(traffic, 1)
        };
        // A pause of 200 ms.
        assert_eq!(of(5_000, Some(2_000)).obstacle(GRACE), None);
        assert_eq!(
            stands(&of(5_010, Some(2_000)), "5010 writes a second"),
            Some(What::HeldWrites)
        );
        assert_eq!(of(5_010, Some(4_000)).obstacle(GRACE), None);
        assert_eq!(
            of(u64::MAX, None).obstacle(GRACE),
            None,
            "a Worker that does not say"
        );
    }

    #[test]
    fn a_deployment_of_the_worker_stands_in_the_way() {
        let of = |builds| {
            let traffic = Traffic {
                builds,
                ..Traffic::default()
            };
            load(traffic, 1)
        };
        // None where the Worker does not say, or without traffic.
        assert_eq!(of(0).obstacle(GRACE), None);
        assert_eq!(of(1).obstacle(GRACE), None);
        assert_eq!(stands(&of(2), "2 versions"), Some(What::TwoVersions));
    }

    #[test]
    fn a_busy_server_stands_in_the_way_and_a_missing_or_old_figure_is_not_ready() {
        let with = |percent, age_ms| Load {
            cpu: vec![Cpu {
                server: "rds/shop".to_owned(),
                newest: Some(Figure {
                    value: percent,
                    age_ms: Millis(age_ms),
                    stale_after_ms: Millis(185_000),
                }),
            }],
            ..load(Traffic::default(), 1)
        };
        assert_eq!(with(90, 185_000).obstacle(GRACE), None);
        assert_eq!(stands(&with(91, 0), "rds/shop uses 91 %"), Some(What::BusyServer));
        assert_eq!(stands(&with(1, 185_001), "185001 ms old"), Some(What::Figure));
        let mut missing = with(1, 0);
        missing.cpu[0].newest = None;
        assert_eq!(stands(&missing, "no CPU figure for rds/shop"), Some(What::Figure));
    }

    #[test]
    fn the_predicted_pause_adds_up_what_was_measured() {
        let traffic = Traffic {
            recent_p95_ms: Some(Millis(20)),
            ..Traffic::default()
        };
        let sum = 20 + 4 * 5 + 2 * 11 + 7 + 50;
        assert_eq!(load(traffic, 1).predicted_pause(Millis(7)), Millis(sum));
    }
}

//! The lane's Durable Object: the only place where the lane's record is stored and changed.
//!
//! A change is one synchronous piece of code (check, append, wake): no other request can run between compare
//! and set, and the runtime delays every answer until the write is durable.

mod barrier;
mod departure;
mod store;
mod waiting;
mod wakers;

use std::cell::RefCell;
use std::time::Duration;

use crossover_routing::admin::AdminRefusal;
use crossover_routing::{
    AuditEntry, ChainHead, Command, Epoch, IsolateId, LaneFigures, LaneRecord, Millis, Refusal, Report,
    Tally, Traffic, UnixMillis,
};
use futures::future::{Either, select};
use worker::{Delay, ScheduledTime};
use worker::{
    DurableObject, Env, Headers, Method, Request, Response, Result, State, durable_object, js_sys, web_sys,
};

use self::barrier::LaneBarrier;
use self::departure::Departure;
use self::store::Store;
use self::waiting::Waiting;
use crate::clock::now;
use crate::config;
use crate::internal_call::InternalCall;
use crate::lane_client::{AdminCall, Operation, Refused, SNAPSHOT_HEADER, Snapshot};
use crate::nonces::{self, Nonces, UsedNonces};

/// One lane.
#[durable_object(alarm)]
pub struct LaneObject {
    state: State,
    store: Store,
    /// The latest record and chain head of the store; filled by the first request.
    current: RefCell<Option<(LaneRecord, ChainHead)>>,
    waiting: Waiting,
    barrier: LaneBarrier,
    tally: RefCell<Tally>,
    nonces: UsedNonces,
    read_nonces: Nonces,
}

impl DurableObject for LaneObject {
    fn new(state: State, env: Env) -> Self {
        let sql = state.storage().sql();
        Self {
            state,
            store: Store::new(sql.clone()),
            nonces: UsedNonces::new(sql),
            current: RefCell::new(None),
            // Without a valid configuration no request gets here.
            waiting: Waiting::new(config::load(&env).map_or(0, |config| config.held_max)),
            barrier: LaneBarrier::new(),
            tally: RefCell::default(),
            read_nonces: Nonces::default(),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let url = request.inner().url();
        let asked = InternalCall::of(&url);
        let Some((lane, operation)) = asked.path.split_once('/') else {
            return Response::error("the path must be /{lane}/{operation}", 404);
        };
        // The alarm can be up to a minute late; a request after the deadline must not see the hold still
        // open.
        self.enforce_deadline(lane)?;
        // An isolate of another version of the Worker may send a report that this one does not read.
        let report = asked.value("report").and_then(|text| text.parse::<Report>().ok());
        if let Some(report) = &report {
            self.barrier.hear(report);
        }
        let isolate = report.map(|report| report.isolate);
        if let (Some(isolate), Some(counted)) = (isolate, asked.value("counts")) {
            self.count(isolate, counted);
        }
        match (request.method(), operation) {
            (Method::Get, "record") => self.snapshot(lane, isolate),
            // A look gives no lease.
            (Method::Get, "look") => Response::from_json(&self.current(lane)?.0),
            (Method::Get, "figures") => Response::from_json(&self.figures(lane)?),
            (Method::Get, "park") => match asked.value("max_ms").and_then(|text| text.parse::<u64>().ok()) {
                Some(max_ms) => self.park(lane, isolate, request.inner(), Millis(max_ms)).await,
                None => Response::error("park needs max_ms", 400),
            },
            (Method::Post, "admin") => {
                let call: AdminCall = serde_json::from_str(&request.text().await?)?;
                self.admin(lane, call).await
            }
            _ => Response::error("unknown operation", 404),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        // The record holds the lane's name: only an accepted change sets an alarm.
        if let Some((record, _)) = self.store.latest()? {
            self.enforce_deadline(&record.lane)?;
            // Fired too early by an inaccurate clock: set the alarm again.
            if let Some(deadline) = record.hold_deadline_ms
                && now() < deadline
            {
                self.set_alarm(deadline).await?;
            }
        }
        Response::empty()
    }
}

impl LaneObject {
    fn current(&self, lane: &str) -> Result<(LaneRecord, ChainHead)> {
        if let Some(current) = self.current.borrow().as_ref() {
            return Ok(current.clone());
        }
        let loaded = self
            .store
            .latest()?
            .unwrap_or_else(|| (LaneRecord::new(lane), crossover_routing::audit::genesis(lane)));
        Ok(self.current.borrow_mut().insert(loaded).clone())
    }

    /// The compare-and-set. Must not contain an await.
    fn change(
        &self,
        lane: &str,
        expected: Option<Epoch>,
        command: &Command,
        now: UnixMillis,
    ) -> Result<std::result::Result<LaneRecord, Refusal>> {
        let (record, head) = self.current(lane)?;
        let expected = expected.unwrap_or(record.epoch);
        let next = match record.apply(expected, command, now) {
            Ok(next) => next,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let entry = AuditEntry::new(&head, &next, command, now);
        self.store.append(&next, &entry)?;
        *self.current.borrow_mut() = Some((next.clone(), entry.head()));
        if next.phase.is_serving() {
            self.waiting.release();
        }
        Ok(Ok(next))
    }

    fn enforce_deadline(&self, lane: &str) -> Result<()> {
        // Refused unless the deadline of a hold has passed, which is the intended effect.
        self.change(lane, None, &Command::DeadlinePassed, now()).map(drop)
    }

    /// Takes what an isolate has counted; what this version does not read is not counted.
    fn count(&self, isolate: IsolateId, counted: &str) {
        let read = counted
            .split_once('.')
            .and_then(|(number, counts)| Some((number.parse().ok()?, counts.parse().ok()?)));
        if let Some((number, counts)) = read {
            self.tally.borrow_mut().hear(isolate, number, counts, now());
        }
    }

    fn figures(&self, lane: &str) -> Result<LaneFigures> {
        let record = self.current(lane)?.0;
        let (traffic, lease_age_ms) = self.barrier.look(&record);
        Ok(LaneFigures {
            record,
            traffic: Traffic {
                held_max: Some(self.waiting.held_max()),
                ..traffic
            },
            held: self.waiting.held(),
            lease_age_ms,
            counts: self.tally.borrow().sum().clone(),
        })
    }

    /// The answer that gives an isolate its lease.
    fn snapshot(&self, lane: &str, isolate: Option<IsolateId>) -> Result<Response> {
        let snapshot = Snapshot {
            record: self.current(lane)?.0,
            at_ms: now(),
        };
        self.barrier
            .lease(isolate, snapshot.at_ms + snapshot.record.lease_ttl());
        let headers = Headers::new();
        headers.set(SNAPSHOT_HEADER, &serde_json::to_string(&snapshot)?)?;
        Ok(Response::empty()?.with_headers(headers))
    }

    /// Keeps a request until the lane serves, the request's time is over or its client leaves; refuses when
    /// too many are held.
    async fn park(
        &self,
        lane: &str,
        isolate: Option<IsolateId>,
        request: &web_sys::Request,
        max: Millis,
    ) -> Result<Response> {
        let Some(held) = self.waiting.enter() else {
            return Response::error("too many requests are held", 429);
        };
        let mut departure = Departure::of(request);
        let limit = Delay::from(Duration::from(max));
        let mut ends = select(Box::pin(limit), departure.gone());
        while !self.current(lane)?.0.phase.is_serving() {
            match select(held.released(), ends).await {
                Either::Left((_, rest)) => ends = rest,
                Either::Right((Either::Left(_), _)) => {
                    return Response::error("held for the longest permitted time", 504);
                }
                Either::Right((Either::Right(_), _)) => return Response::error("the client has left", 499),
            }
        }
        self.snapshot(lane, isolate)
    }

    async fn admin(&self, lane: &str, call: AdminCall) -> Result<Response> {
        let now = now();
        let expires = nonces::expiry(call.time_ms);
        let fresh = match call.operation {
            Operation::Apply { .. } => self.nonces.first_use(&call.nonce, expires, now)?,
            Operation::Read | Operation::Audit | Operation::Held | Operation::Traffic => {
                self.read_nonces.first_use(&call.nonce, expires, now)
            }
        };
        if !fresh {
            let refusal = AdminRefusal::Replayed;
            return refused(401, refusal.name(), &refusal, None);
        }
        match call.operation {
            Operation::Read => Response::from_json(&self.current(lane)?.0),
            Operation::Audit => {
                let (_, head) = self.current(lane)?;
                Response::from_json(&crossover_routing::AuditLog {
                    entries: self.store.entries()?,
                    head,
                })
            }
            Operation::Held => Response::from_json(&serde_json::json!({ "held": self.waiting.held() })),
            Operation::Traffic => {
                let record = || Ok(self.current(lane)?.0);
                Response::from_json(&Traffic {
                    held_max: Some(self.waiting.held_max()),
                    ..self.barrier.traffic(record).await?
                })
            }
            Operation::Apply { expected, command } => {
                // Two versions could decide the same request differently, and hold differently.
                let (builds, _) = self.barrier.builds();
                if builds > 1 && matches!(command, Command::Arm { .. }) {
                    let refusal = Refusal::TwoVersions { builds };
                    return refused(409, refusal.name(), &refusal, Some(self.current(lane)?.0));
                }
                match self.change(lane, Some(expected), &command, now)? {
                    Ok(record) => {
                        if let Command::Arm { hold_deadline_ms, .. } = command {
                            self.set_alarm(hold_deadline_ms).await?;
                        }
                        Response::from_json(&record)
                    }
                    Err(refusal) => refused(409, refusal.name(), &refusal, Some(self.current(lane)?.0)),
                }
            }
        }
    }

    async fn set_alarm(&self, at: UnixMillis) -> Result<()> {
        let date = js_sys::Date::new(&js_sys::Number::from(at.0 as f64));
        self.state.storage().set_alarm(ScheduledTime::new(date)).await
    }
}

fn refused(
    status: u16,
    error: &str,
    message: &dyn std::fmt::Display,
    record: Option<LaneRecord>,
) -> Result<Response> {
    let body = Refused {
        error,
        message: message.to_string(),
        record,
    };
    Ok(Response::from_json(&body)?.with_status(status))
}

//! One operation: sends the request, judges the answer, records the result.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use crossover_core::{
    FractionalMillis, Millis, UnixMillis,
    routing::{HeldWrites, Side},
};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::acknowledged::TokenSender;
use super::samples::Samples;
use super::timetable::Left;
use super::{ACCOUNT, Acknowledged, HELD_MS, IDEMPOTENCY_KEY, Kind, LoadConfig, Mode, Outcome, SIDE, Sample};
use crate::api::{DELAY_MS, EXECUTED};

/// Acknowledged writes that reads choose from.
const REMEMBERED: usize = 2_000;
const REGIONS: [&str; 3] = ["N01", "C01", "S01"];

/// An acknowledged write, to be read again.
#[derive(Debug, Clone, Copy)]
struct Own {
    token: Uuid,
    order_id: Option<i64>,
}

/// The answer to a write.
#[derive(Deserialize)]
struct Created {
    order_id: Option<i64>,
}

/// The state shared by all clients: connections and acknowledged writes.
#[derive(Debug)]
pub(super) struct Clients {
    config: LoadConfig,
    http: reqwest::Client,
    started: Instant,
    started_at: UnixMillis,
    samples: Arc<Samples>,
    tokens: TokenSender,
    own: Mutex<VecDeque<Own>>,
}

/// The end of an operation, before it is recorded as a sample.
struct Ended {
    answered: Instant,
    outcome: Outcome,
    held_ms: Option<FractionalMillis>,
    side: Option<Side>,
    text: Option<String>,
    left: Left,
}

/// An operation that has ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Performed {
    /// Absent if there was nothing to do.
    pub(super) sample: Option<Sample>,
    pub(super) left: Left,
}

impl Clients {
    pub(super) fn new(
        config: LoadConfig,
        http: reqwest::Client,
        started: Instant,
        started_at: UnixMillis,
        samples: Arc<Samples>,
        tokens: TokenSender,
    ) -> Self {
        Self {
            config,
            http,
            started,
            started_at,
            samples,
            tokens,
            own: Mutex::default(),
        }
    }

    /// Performs operation `number` of its kind, which was due at `due`.
    pub(super) async fn perform(&self, kind: Kind, number: u64, due: Instant) -> Performed {
        let ended = match kind {
            Kind::Write | Kind::Calibration | Kind::Burst | Kind::Stray => {
                Some(self.write((kind, Millis(0)), number, due).await)
            }
            Kind::Read => self.read(number).await,
        };
        self.record(kind, number, due, ended)
    }

    /// Performs write `number` of the bursts, with which the application waits for `delay`.
    pub(super) async fn perform_slowly(&self, number: u64, due: Instant, delay: Millis) {
        let ended = self.write((Kind::Burst, delay), number, due).await;
        self.record(Kind::Burst, number, due, Some(ended));
    }

    fn record(&self, kind: Kind, number: u64, due: Instant, ended: Option<Ended>) -> Performed {
        // No write to read yet, so this does not count as an operation.
        let Some(ended) = ended else {
            return Performed::default();
        };
        let sample = Sample {
            at_ms: (due - self.started).into(),
            latency_ms: (ended.answered - due).into(),
            kind,
            outcome: ended.outcome,
            held_ms: ended.held_ms,
            side: ended.side,
            keyed: kind != Kind::Read && has_key(number),
        };
        self.samples.add(sample, ended.text);
        Performed {
            sample: Some(sample),
            left: ended.left,
        }
    }

    async fn write(&self, (kind, delay): (Kind, Millis), number: u64, due: Instant) -> Ended {
        let stray = kind == Kind::Stray;
        let base = match &self.config.stray {
            Some(stray) if kind == Kind::Stray => &stray.direct_source_url,
            _ => &self.config.base_url,
        };
        let clients = u64::from(self.config.clients.max(1));
        // Stray writers, the calibration and bursts have clients of their own, numbered after the others.
        let after = match kind {
            Kind::Write | Kind::Read => 0,
            Kind::Stray => clients,
            Kind::Calibration => 2 * clients,
            Kind::Burst => 3 * clients,
        };
        let client = (number % clients + after) as u32;
        let seq = number / clients + 1;
        let token = Uuid::new_v4();
        let (path, body) = self.body(token, client, seq, number);
        let mut request = self.http.post(format!("{base}{path}")).json(&body);
        if delay > Millis(0) {
            request = request.header(DELAY_MS, delay.0);
        }
        if asks(number) {
            request = request.header(ACCOUNT, "yes");
        }
        if has_key(number) {
            request = request.header(IDEMPOTENCY_KEY, token.to_string());
        }
        let answer = request.send().await;
        let answered = Instant::now();
        let response = match answer {
            Ok(response) => response,
            Err(err) => {
                // A stray connection that was never opened has sent nothing.
                let outcome = match kind {
                    Kind::Stray if err.is_connect() => Outcome::Refused,
                    Kind::Stray => Outcome::Unknown,
                    _ => Outcome::Error,
                };
                return Ended {
                    answered,
                    outcome,
                    held_ms: None,
                    side: None,
                    text: Some(transport("POST", path, &err)),
                    left: left(&err),
                };
            }
        };
        let (held_ms, side) = (held_ms(&response), side(&response));
        let ended = |outcome, text| Ended {
            answered,
            outcome,
            held_ms,
            side,
            text,
            left: Left::Nothing,
        };
        if response.status() != StatusCode::CREATED {
            let not_executed = header(&response, EXECUTED) == Some("no");
            let not_held = self.config.hold == HeldWrites::Keyed && !has_key(number);
            let outcome = match kind {
                Kind::Stray if not_executed => Outcome::Refused,
                Kind::Stray => Outcome::Unknown,
                _ if not_executed && not_held => return ended(Outcome::Refused, None),
                _ => Outcome::Error,
            };
            return ended(outcome, Some(unexpected("POST", path, response).await));
        }
        let order_id = response
            .json::<Created>()
            .await
            .ok()
            .and_then(|created| created.order_id);
        let line = Acknowledged {
            token,
            client,
            seq,
            stray,
            scheduled_ms: self.started_at + Millis::from(due - self.started),
            latency_ms: (answered - due).into(),
            held_ms,
            side,
        };
        if !self.tokens.record(line).await {
            let outcome = if stray { Outcome::Unknown } else { Outcome::Error };
            return ended(
                outcome,
                Some("the token file could not be written: is the disk full?".into()),
            );
        }
        self.remember(Own { token, order_id });
        ended(Outcome::Done, None)
    }

    fn body(&self, token: Uuid, client: u32, seq: u64, number: u64) -> (&'static str, Value) {
        let amount = format!("{}.{:02}", 5 + number * 37 % 995, number * 13 % 100);
        match self.config.mode {
            Mode::LedgerOnly => (
                "/entries",
                json!({ "token": token, "client": client, "seq": seq, "amount": amount }),
            ),
            Mode::Shop => {
                let body = json!({
                    "token": token,
                    "client": client,
                    "seq": seq,
                    "amount": amount,
                    "region_code": REGIONS[(number % 3) as usize],
                    // Far apart from one write to the next, so that no two concurrent writes need the same
                    // customer.
                    "customer_id": 1 + number * 7_919 % self.config.customers.max(1),
                });
                ("/orders", body)
            }
        }
    }

    /// Reads an own write, or the data of the shop's front page.
    async fn read(&self, number: u64) -> Option<Ended> {
        let own = self.recall(number);
        let (path, own_write) = match (self.config.mode, own, number % 4) {
            (Mode::Shop, _, 0) => (
                format!("/orders/recent?region={}", REGIONS[(number / 4 % 3) as usize]),
                false,
            ),
            (
                Mode::Shop,
                Some(Own {
                    order_id: Some(id), ..
                }),
                1,
            ) => (format!("/orders/{id}"), true),
            (_, Some(own), _) => (format!("/entries/{}", own.token), true),
            (_, None, _) => return None,
        };
        let mut request = self.http.get(format!("{}{path}", self.config.base_url));
        if asks(number) {
            request = request.header(ACCOUNT, "yes");
        }
        let answer = request.send().await;
        let ended = match answer {
            Err(err) => {
                let text = Some(transport("GET", &path, &err));
                Ended {
                    answered: Instant::now(),
                    outcome: Outcome::Error,
                    held_ms: None,
                    side: None,
                    text,
                    left: left(&err),
                }
            }
            Ok(response) => {
                let (held_ms, side) = (held_ms(&response), side(&response));
                let status = response.status();
                let missing =
                    own_write && status == StatusCode::NOT_FOUND && header(&response, EXECUTED).is_none();
                if missing {
                    let text = Some(format!(
                        "GET {path}: stale read: an acknowledged write was missing"
                    ));
                    Ended {
                        answered: Instant::now(),
                        outcome: Outcome::Stale,
                        held_ms,
                        side,
                        text,
                        left: Left::Nothing,
                    }
                } else if status == StatusCode::OK {
                    // The answer is complete with its last byte.
                    let body = response.bytes().await;
                    let answered = Instant::now();
                    let text = body.err().map(|err| transport("GET", &path, &err));
                    let outcome = if text.is_none() {
                        Outcome::Done
                    } else {
                        Outcome::Error
                    };
                    Ended {
                        answered,
                        outcome,
                        held_ms,
                        side,
                        text,
                        left: Left::Nothing,
                    }
                } else {
                    let answered = Instant::now();
                    let text = Some(unexpected("GET", &path, response).await);
                    Ended {
                        answered,
                        outcome: Outcome::Error,
                        held_ms,
                        side,
                        text,
                        left: Left::Nothing,
                    }
                }
            }
        };
        Some(ended)
    }

    fn remember(&self, own: Own) {
        let mut remembered = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() == REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back(own);
    }

    /// Alternates between the last acknowledged write, where staleness shows first, and an older one.
    fn recall(&self, number: u64) -> Option<Own> {
        let remembered = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if number.is_multiple_of(2) {
            return remembered.back().copied();
        }
        let count = remembered.len() as u64;
        remembered
            .get(number.wrapping_mul(7_919).checked_rem(count)? as usize)
            .copied()
    }
}

/// Every second request asks which side has answered. The others pass the edge directly, as most requests of a real
/// application do.
const fn asks(number: u64) -> bool {
    number.is_multiple_of(2)
}

/// Half of the writes, of those that ask and of those that do not.
const fn has_key(number: u64) -> bool {
    number % 4 < 2
}

/// After its time-out the client closes the connection, and the Worker goes on waiting for the origin.
fn left(err: &reqwest::Error) -> Left {
    if err.is_timeout() && !err.is_connect() {
        Left::Request
    } else {
        Left::Nothing
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

fn held_ms(response: &Response) -> Option<FractionalMillis> {
    header(response, HELD_MS)?.parse().ok().map(FractionalMillis)
}

fn side(response: &Response) -> Option<Side> {
    match header(response, SIDE)? {
        "source" => Some(Side::Source),
        "target" => Some(Side::Target),
        _ => None,
    }
}

fn transport(method: &str, path: &str, err: &reqwest::Error) -> String {
    let mut text = format!(
        "{method} {path}: {}",
        if err.is_timeout() {
            "no answer in time"
        } else {
            "no answer"
        }
    );
    let mut cause = err.source();
    while let Some(err) = cause {
        text.push_str(": ");
        text.push_str(&err.to_string());
        cause = err.source();
    }
    text
}

async fn unexpected(method: &str, path: &str, response: Response) -> String {
    let status = response.status();
    let body = response.text().await.unwrap_or_default();
    format!(
        "{method} {path}: {status}: {}",
        body.trim().chars().take(300).collect::<String>()
    )
}

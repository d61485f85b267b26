//! Reads that are also sent to the side that does not serve, to compare the answers. No client waits for it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crossover_routing::counts::Shadowed;
use crossover_routing::directory::Lane;
use crossover_routing::shadow::{Answer, Difference, difference};
use crossover_routing::{Millis, Side, UnixMillis};
use futures::future::{Either, select};
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::{Reflect, Uint8Array, futures::JsFuture};
use worker::web_sys::{ReadableStreamDefaultReader, Request, Response};
use worker::{Context, Delay, Result};

use crate::clock::now;
use crate::config::Config;
use crate::forward::{self, Outcome};
use crate::known_lane::KnownLane;

/// Larger answers are not compared: both are kept in memory.
const LARGEST: usize = 1 << 20;
/// How many are compared at once in an isolate.
const AT_ONCE: usize = 16;
/// A comparison ends after this time. The runtime keeps a context for 30 s after its answer.
const LIMIT: Millis = Millis(20_000);
/// At most one difference is logged in this time, with how many there were.
const LOG_EVERY: Millis = Millis(1_000);

/// With one of these the answer depends on what the client has of this side.
const CONDITIONS: [&str; 6] = [
    "if-none-match",
    "if-modified-since",
    "if-match",
    "if-unmodified-since",
    "if-range",
    "range",
];

thread_local! {
    /// When the comparisons under way began; one whose context has ended is forgotten.
    static UNDER_WAY: RefCell<Vec<UnixMillis>> = const { RefCell::new(Vec::new()) };
    static LOGGED_AT: Cell<UnixMillis> = const { Cell::new(UnixMillis(0)) };
    static UNLOGGED: Cell<u64> = const { Cell::new(0) };
}

/// A read that the serving side has answered.
pub struct Served<'a> {
    pub request: &'a Request,
    pub url: &'a str,
    pub answer: &'a Response,
}

/// Sends a read to the other side as well, behind the answer, and counts how that side's answer compares.
pub fn compare(
    read: &Served<'_>,
    lane: &Lane,
    other: Side,
    known: &Rc<KnownLane>,
    config: &Rc<Config>,
    ctx: &Context,
) -> Result<()> {
    let headers = read.request.headers();
    let is_conditional = CONDITIONS.iter().any(|name| headers.has(name).unwrap_or(true));
    // A failure says nothing of the data; another protocol, or a stream of events, has no answer to compare.
    let kind = read.answer.headers().get("content-type")?.unwrap_or_default();
    let is_answer = (200..500).contains(&read.answer.status()) && !kind.starts_with("text/event-stream");
    if is_conditional || !is_answer {
        return Ok(());
    }
    let Some(begun) = begin() else {
        known.counts.borrow_mut().shadowed(Shadowed::Skipped);
        return Ok(());
    };
    // Both halves of a divided body are read: the client's by the client, this one at once.
    let (request, answer) = (read.request.clone()?, read.answer.clone()?);
    let (url, origin) = (read.url.to_owned(), lane.origin(other).clone());
    let ignored = lane.reads.shadow_ignores.clone();
    let (known, config) = (Rc::clone(known), Rc::clone(config));
    ctx.wait_until(async move {
        let compared = Box::pin(async {
            let Some(serving) = Copy::of(&answer).await? else {
                return Ok((Shadowed::Skipped, None));
            };
            let outcome = forward::send(&request, &url, &origin, &config, None).await?;
            let Outcome::Answered(answer) = outcome else {
                return Ok((Shadowed::Failed, None));
            };
            let Some(copy) = Copy::of(&answer).await? else {
                return Ok((Shadowed::Skipped, None));
            };
            Ok(match difference(serving.answer(), copy.answer(), &ignored) {
                None => (Shadowed::Equal, None),
                Some(found) => (Shadowed::Different, Some(found)),
            })
        });
        let limit = Box::pin(Delay::from(Duration::from(LIMIT)));
        let outcome: Result<_> = match select(compared, limit).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Ok((Shadowed::Failed, None)),
        };
        end(begun);
        let (outcome, found) = outcome.unwrap_or((Shadowed::Failed, None));
        known.counts.borrow_mut().shadowed(outcome);
        if let Some(found) = found {
            log(&known.name, forward::path_of(&url), other, &found);
        }
    });
    Ok(())
}

fn begin() -> Option<UnixMillis> {
    UNDER_WAY.with_borrow_mut(|under_way| {
        let now = now();
        under_way.retain(|began| now.since(*began) < LIMIT * 2);
        (under_way.len() < AT_ONCE).then(|| {
            under_way.push(now);
            now
        })
    })
}

fn end(begun: UnixMillis) {
    UNDER_WAY.with_borrow_mut(|under_way| {
        if let Some(at) = under_way.iter().position(|began| *began == begun) {
            under_way.swap_remove(at);
        }
    });
}

/// Logs a sample of the differences: where, and never which values.
fn log(lane: &str, path: &str, other: Side, found: &Difference) {
    let now = now();
    if now.since(LOGGED_AT.get()) < LOG_EVERY {
        UNLOGGED.set(UNLOGGED.get() + 1);
        return;
    }
    LOGGED_AT.set(now);
    let more = UNLOGGED.replace(0);
    worker::console_warn!(
        "lane {lane}: the {other} answers {path} differently: {found} ({more} more since the last line)"
    );
}

/// An answer that was read.
struct Copy {
    status: u16,
    content_type: String,
    body: Vec<u8>,
}

impl Copy {
    /// None if it is too large.
    async fn of(response: &Response) -> Result<Option<Self>> {
        let Some(body) = body_of(response).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            status: response.status(),
            content_type: response.headers().get("content-type")?.unwrap_or_default(),
            body,
        }))
    }

    fn answer(&self) -> Answer<'_> {
        Answer {
            status: self.status,
            content_type: &self.content_type,
            body: &self.body,
        }
    }
}

async fn body_of(response: &Response) -> Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    let Some(stream) = response.body() else {
        return Ok(Some(body));
    };
    let reading = Reading(stream.get_reader().unchecked_into());
    loop {
        let read = JsFuture::from(reading.0.read()).await?;
        let of = |name| Reflect::get(&read, &JsValue::from_str(name));
        if of("done")?.is_truthy() {
            return Ok(Some(body));
        }
        let part: Uint8Array = of("value")?.unchecked_into();
        if body.len() + part.length() as usize > LARGEST {
            return Ok(None);
        }
        body.extend(part.to_vec());
    }
}

/// A body that is being read. What is not read of it is given up: the runtime would keep it for this half of the stream.
struct Reading(ReadableStreamDefaultReader);

impl Drop for Reading {
    fn drop(&mut self) {
        drop(self.0.cancel());
    }
}

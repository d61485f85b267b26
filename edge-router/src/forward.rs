//! Forwards one request to one side; both bodies are streamed.

use std::{rc::Rc, time::Duration};

use crossover_routing::{Ended, LaneRecord, Millis, OnFailure, Origin, Side};
use wasm_bindgen::JsCast;
use worker::js_sys::{self, futures::JsFuture};
use worker::web_sys::{
    AbortController, Request, RequestInit, RequestRedirect, Response, ResponseInit, WorkerGlobalScope,
};

use futures::future::{Either, select};
use worker::{Context, Delay};

use crate::config::Config;
use crate::headers;
use crate::known_lane::{KnownLane, Write};

/// Result of a forwarded request.
pub enum Outcome {
    /// The origin answered.
    Answered(Response),
    /// The origin could not be reached, or the connection broke: the request may or may not have run.
    Unreachable,
    /// No answer within the permitted time; the request was given up, and may or may not have run.
    TimedOut,
}

impl Outcome {
    /// The origin failed. After a failed read the Worker reads the lane again, because a cutover may be the
    /// cause. Once a cutover is announced, that holds for a 500 too: not every application answers 503 when
    /// its session is ended.
    pub fn is_failure(&self, announced: OnFailure) -> bool {
        match (self, announced) {
            (Self::Answered(response), OnFailure::Return) => matches!(response.status(), 502..=504),
            (Self::Answered(response), OnFailure::WaitAndRetry) => matches!(response.status(), 500..=504),
            (Self::Unreachable, _) => true,
            // A second attempt would keep the client for as long again.
            (Self::TimedOut, _) => false,
        }
    }

    /// What became of the request.
    pub fn ended(&self) -> Ended {
        match self {
            Self::Answered(response) => Ended::Answered(response.status()),
            Self::Unreachable => Ended::Unreachable,
            Self::TimedOut => Ended::TimedOut,
        }
    }

    /// Closes the connection of an answer that is not used.
    pub fn discard(self) {
        if let Self::Answered(response) = self
            && let Some(body) = response.body()
        {
            drop(body.cancel());
        }
    }
}

/// The path of a request's URL, without query.
pub fn path_of(url: &str) -> &str {
    let rest = path_and_query(url);
    rest.find(['?', '#']).map_or(rest, |end| &rest[..end])
}

/// Everything after scheme, host and port; begins with `/` or is empty.
pub fn path_and_query(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(url, |at| &url[at + 3..]);
    after_scheme.find('/').map_or("", |at| &after_scheme[at..])
}

/// Scheme and host (with port) of a request's URL.
pub fn scheme_and_host(url: &str) -> (&str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    (scheme, rest.find(['/', '?', '#']).map_or(rest, |at| &rest[..at]))
}

/// The URL at an origin: the origin with the client's path and query. A client cannot choose another
/// host.
fn url_at(origin: &Origin, url: &str) -> String {
    format!("{origin}{}", path_and_query(url))
}

/// Sends the request to the side. Method, headers and body are passed on unchanged; the body is not read
/// here.
///
/// A write is counted until it is answered ([`crate::in_flight`]), also when its client leaves: the runtime
/// would otherwise drop the request, and with it the knowledge that the origin may still execute it.
pub async fn send(
    request: &Request,
    url: &str,
    to: &Origin,
    config: &Config,
    counted: Option<(&Context, &Rc<KnownLane>)>,
) -> worker::Result<Outcome> {
    // The dictionary form of `new Request(url, request)`: a Request has every member RequestInit asks for.
    let like: &RequestInit = request.unchecked_ref();
    let outgoing = Request::new_with_str_and_init(&url_at(to, url), like)?;
    let headers = outgoing.headers();
    headers::strip(&headers)?;
    if config.forwarded_host {
        let (scheme, host) = scheme_and_host(url);
        headers.set("x-forwarded-proto", scheme)?;
        headers.set("x-forwarded-host", host)?;
    }
    let init = RequestInit::new();
    init.set_redirect(RequestRedirect::Manual);
    let given_up = AbortController::new()?;
    init.set_signal(Some(&given_up.signal()));
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let answer = scope.fetch_with_request_and_init(&outgoing, &init);
    let _write = match counted {
        Some((ctx, lane)) => {
            let context: &worker::worker_sys::Context = ctx.as_ref();
            context.wait_until(&answer)?;
            Some(Write::forwarded(lane))
        }
        None => None,
    };
    let limit = Box::pin(Delay::from(Duration::from(config.forward_max)));
    match select(JsFuture::from(answer), limit).await {
        Either::Left((Ok(response), _)) => Ok(Outcome::Answered(response.unchecked_into())),
        Either::Left((Err(_), _)) => Ok(Outcome::Unreachable),
        Either::Right(_) => {
            // Also frees the connection of a client that has left without a word.
            given_up.abort();
            Ok(Outcome::TimedOut)
        }
    }
}

/// What the client learns about its request besides the origin's answer.
pub struct Account<'a> {
    /// The client has asked for it.
    pub asked: bool,
    /// Who answered.
    pub side: Side,
    /// The record under which the request was forwarded.
    pub record: &'a LaneRecord,
    pub held: Millis,
    /// From its arrival until it was forwarded.
    pub at_edge: Millis,
    /// From then until the headers of the origin's answer.
    pub at_origin: Millis,
    /// For how long the client's reads belong to the writer, after a write.
    pub pin: Option<Millis>,
}

impl Account<'_> {
    /// Without a reason to give it, the origin's answer goes to the client untouched.
    const fn is_wanted(&self) -> bool {
        self.asked || self.held.0 > 0 || self.pin.is_some() || !self.record.phase.is_serving()
    }
}

/// The origin's answer for the client: same status and body, plus headers that give the account where one is wanted.
pub fn answer(origin: Response, account: &Account<'_>) -> worker::Result<Response> {
    if !account.is_wanted() {
        return Ok(origin);
    }
    // The headers of a fetched response are immutable: build a new response from it, without reading the
    // body.
    let like: &ResponseInit = origin.unchecked_ref();
    let response = Response::new_with_opt_readable_stream_and_init(origin.body().as_ref(), like)?;
    let headers = response.headers();
    // Only the origin knows whether a failed request was executed; the client decides by this header whether
    // to retry.
    let executed = headers.get(headers::EXECUTED)?;
    headers::strip(&headers)?;
    if let Some(executed) = executed.filter(|value| headers::EXECUTION_VALUES.contains(&value.as_str())) {
        headers.set(headers::EXECUTED, &executed)?;
    }
    headers.set(headers::SIDE, account.side.name())?;
    headers.set(headers::EPOCH, &account.record.epoch.to_string())?;
    if account.asked {
        // Beside what the origin says of itself.
        headers.append(
            "server-timing",
            &headers::timing(account.at_edge, account.at_origin),
        )?;
    }
    if account.held > Millis(0) {
        headers.set(headers::HELD_MS, &account.held.to_string())?;
    }
    if let Some(pin) = account.pin {
        headers.append("set-cookie", &headers::pin(pin))?;
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn path_and_query_reach_the_side_unchanged() {
        let url = url_at(
            &origin("http://source:81"),
            "https://shop.example:8443/a//b%20c?x=1&y=http://z/#frag",
        );
        assert_eq!(url, "http://source:81/a//b%20c?x=1&y=http://z/#frag");
        assert_eq!(path_of("https://shop.example/a/b?x=/y"), "/a/b");
    }

    #[test]
    fn no_url_reaches_another_host() {
        for url in [
            "http://h//evil.example/",
            "http://h/@evil.example",
            "http://h/.evil.example",
            "http://h",
            "evil",
        ] {
            let sent = worker::Url::parse(&url_at(&origin("https://target"), url)).unwrap();
            assert_eq!(sent.host_str(), Some("target"), "{url}");
        }
    }

    #[test]
    fn scheme_and_host_are_the_clients() {
        assert_eq!(
            scheme_and_host("https://shop.example:8443/a"),
            ("https", "shop.example:8443")
        );
        assert_eq!(scheme_and_host("http://shop.example?x"), ("http", "shop.example"));
    }
}

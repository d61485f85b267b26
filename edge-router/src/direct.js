// The direct path: requests that Rust calls direct are forwarded here, untouched, and their answers go back untouched.
// The decision is in direct.rs; this file only describes the request to it. Not an async function, no copy of a
// request or of an answer: each of them would cost more than everything here together.
import * as app from "./index.js";
import { counted, inFlight, limited } from "./in-flight.js";

const OTHER_NAMES = -2;
// As in entry.rs, in place of a status.
const UNREACHABLE = 0;
const TIMED_OUT = -1;
// As in facts.rs: with these headers a GET may be a write.
const METHOD_OVERRIDES = ["x-http-method-override", "x-http-method", "x-method-override"];
// The runtime takes these out of the header by itself; other values name headers that must not pass.
const PLAIN_CONNECTION = /^(keep-alive|close)$/i;
const ACCOUNT = "x-crossover-account";
const OWN_PATH = "/__crossover/";

let origins = [];
let pins = [];
let version = 0;
let names = [];
let forwardMax = 0;
let inFlightMax = 0;

// To be called when the wasm instance was replaced: routes and names were its.
export function forget() {
  origins = [];
  pins = [];
  version = 0;
  names = [];
  forwardMax = 0;
  inFlightMax = 0;
}

// Read once, when a request has loaded the variables.
function limits() {
  forwardMax ||= app.forward_max_ms();
  inFlightMax ||= app.in_flight_max();
}

// True for a write, false for a read that may be sent twice, undefined for anything else.
function isWrite(request, headers) {
  switch (request.method) {
    case "GET":
    case "HEAD":
      if (request.body !== null) return undefined;
      for (const name of METHOD_OVERRIDES) if (headers.has(name)) return undefined;
      return false;
    case "POST":
    case "PUT":
    case "PATCH":
    case "DELETE":
      return true;
    default:
      return undefined;
  }
}

function described(request, headers) {
  let text = "";
  for (const name of names) {
    const value = name[0] === ":" ? request.cf?.[name.slice(1)] : headers.get(name);
    text += value === null || value === undefined ? "-\n" : `+${value}\n`;
  }
  return text;
}

function routeOf(request, headers, write, url) {
  const number = app.direct_route(write, url, version, described(request, headers));
  if (number !== OTHER_NAMES) return number;
  version = app.direct_version();
  const listed = app.direct_names();
  names = listed === "" ? [] : listed.split("\n");
  return app.direct_route(write, url, version, described(request, headers));
}

// Serves a request on the longer way, `serve`. Beyond the limit of requests in flight it is refused at once; the edge's own paths
// are always served.
export function longer(request, serve) {
  limits();
  if (forwardMax === 0 || pathOf(request.url).startsWith(OWN_PATH)) return serve();
  if (inFlight() >= inFlightMax) return app.too_many_in_flight();
  return counted(serve());
}

function pathOf(url) {
  const at = url.indexOf("/", url.indexOf("://") + 3);
  return at < 0 ? "" : url.slice(at);
}

// A promise of the answer; undefined if the request is not direct.
export function direct(request, env, ctx) {
  limits();
  if (forwardMax === 0 || inFlight() >= inFlightMax) return undefined;
  const headers = request.headers;
  if (headers.has(ACCOUNT)) return undefined;
  const connection = headers.get("connection");
  if (connection !== null && !PLAIN_CONNECTION.test(connection)) return undefined;
  const write = isWrite(request, headers);
  if (write === undefined) return undefined;
  const url = request.url;
  const path = pathOf(url);
  if (path.startsWith(OWN_PATH)) return undefined;
  const number = routeOf(request, headers, write, url);
  if (number < 0) return undefined;
  const answer = fetch((origins[number] ??= app.direct_origin(number)) + path, request);
  return write ? written(answer, number, env, ctx) : read(answer, number, request, env, ctx);
}

// A write is counted until it is answered or given up, also when its client leaves: without waitUntil the runtime would drop the
// request, and with it the knowledge that the origin may still execute it.
function written(answer, number, env, ctx) {
  const instance = origins;
  const key = app.write_sent(number);
  const ended = (status) => {
    // The count of a replaced instance is gone with it.
    if (instance === origins && app.write_ended(number, key, status)) app.report_news(number, env, ctx);
  };
  const answered = (response) => (ended(response.status), pinned(response, number));
  const failed = () => (ended(UNREACHABLE), app.origin_unreachable(number));
  const late = () => (ended(TIMED_OUT), app.origin_timed_out(number));
  const served = limited(answer, forwardMax, ctx, { answered, failed, late });
  ctx.waitUntil(served);
  return served;
}

// Where the target answers reads, those of a client that has written stay at the writer for a while.
function pinned(response, number) {
  const pin = (pins[number] ??= app.direct_pin(number) ?? "");
  if (pin === "") return response;
  const copy = new Response(response.body, response);
  copy.headers.append("set-cookie", pin);
  return copy;
}

function read(answer, number, request, env, ctx) {
  const sent = Date.now();
  // Another answer, if a cutover explains the failure.
  const again = (response) =>
    app.direct_read_failed(request, env, ctx, number, sent).then((other) => {
      if (other === undefined) return response ?? app.origin_unreachable(number);
      response?.body?.cancel();
      return other;
    });
  const instance = origins;
  const ended = (status) => instance === origins && app.read_ended(number, Date.now() - sent, status);
  const answered = (response) => {
    const status = response.status;
    ended(status);
    return status >= 502 && status <= 504 ? again(response) : response;
  };
  const failed = () => (ended(UNREACHABLE), again());
  const late = () => (ended(TIMED_OUT), app.origin_timed_out(number));
  return limited(answer, forwardMax, ctx, { answered, failed, late });
}

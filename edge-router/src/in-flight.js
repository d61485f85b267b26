// Requests that are in flight in this isolate. The direct requests of a second form a group with one timer, in the context of the first one:
// a timer for each request would be 8 % of what a direct request costs. When it rings, what is still open, which is little,
// is woken in its own context and enters a new group. What is not woken has gone with its client: so it stops counting.
const GROUP_MS = 1_000;
// Less than the 30 s for which the runtime keeps a context after its answer: the first request's is over long before.
const PATROL_MS = 20_000;
// How often a request on the longer way says that it is still there.
const BEAT_MS = 5_000;

let count = 0;
let group = { until: 0, open: undefined };
const longer = new Set();
let swept = 0;

export function inFlight() {
  const now = Date.now();
  if (now - swept >= GROUP_MS) {
    swept = now;
    for (const entry of longer) if (now - entry.seen >= 3 * BEAT_MS) longer.delete(entry);
  }
  return count + longer.size;
}

function groupAt(now, patrol, ctx) {
  if (now < group.until) return group.open;
  const open = new Set();
  // A group is complete before its timer rings.
  group = { until: now + Math.min(GROUP_MS, patrol / 2), open };
  ctx.waitUntil(
    scheduler.wait(patrol).then(() => {
      const left = [...open];
      count -= left.length;
      open.clear();
      for (const wake of left) wake();
    }),
  );
  return open;
}

// Counts a direct request until the returned function is called. `woken` is called after some seconds, in the request's own context.
function begun(max, ctx, woken) {
  const patrol = Math.min(max, PATROL_MS);
  let ended = false;
  let open;
  let wake;
  const enter = () => {
    open = groupAt(Date.now(), patrol, ctx);
    count += 1;
    new Promise((resolve) => open.add((wake = resolve))).then(() => {
      // It may have ended between the ring and this turn.
      if (ended) return;
      enter();
      woken();
    });
  };
  enter();
  return () => {
    ended = true;
    if (open.delete(wake)) count -= 1;
  };
}

// Counts a request on the longer way, which has its time limits in Rust. It may be held, and must end with its client: so nothing here may
// keep its context, and it has a timer of its own.
export function counted(promise) {
  const entry = { seen: Date.now() };
  longer.add(entry);
  const beat = setInterval(() => (entry.seen = Date.now()), BEAT_MS);
  return promise.finally(() => {
    clearInterval(beat);
    longer.delete(entry);
  });
}

// Settles with what `answered` or `failed` makes of the answer, or with `late()` after `max` milliseconds: then nothing keeps the
// request any more, and the runtime closes its connection to the origin.
export function limited(answer, max, ctx, { answered, failed, late }) {
  const sent = Date.now();
  return new Promise((settle, refuse) => {
    let limit;
    let over = false;
    const end = begun(max, ctx, () => {
      limit ??= setTimeout(() => {
        over = true;
        end();
        try {
          settle(late());
        } catch (error) {
          refuse(error);
        }
      }, Math.max(0, sent + max - Date.now()));
    });
    const inTime = () => {
      end();
      if (limit !== undefined) clearTimeout(limit);
      return !over;
    };
    answer
      .then(
        (response) => inTime() && settle(answered(response)),
        () => inTime() && settle(failed()),
      )
      .catch(refuse);
  });
}

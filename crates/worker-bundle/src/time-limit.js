// The longest time that an origin may take. A timer for each request would be 8 % of what a direct request costs, so all requests
// of a second share the timer of the first one. What is still open when it rings, which is little, is woken and sets a
// timer of its own for the rest of its time.
const GROUP_MS = 1_000;
// Less than the 30 s for which the runtime keeps a context after its answer: the first request's is over long before.
const PATROL_MS = 20_000;

let group = { until: 0, open: undefined };

function groupAt(now, max, ctx) {
  if (now < group.until) return group.open;
  const open = new Set();
  const patrol = Math.min(max, PATROL_MS);
  // A group is complete before its timer rings.
  group = { until: now + Math.min(GROUP_MS, patrol / 2), open };
  ctx.waitUntil(
    scheduler.wait(patrol).then(() => {
      for (const wake of open) wake();
    }),
  );
  return open;
}

// Settles with what `answered` or `failed` makes of the answer, or with `late()` after `max` milliseconds: the runtime ends the
// request at the origin together with the client's, and one that `waitUntil` keeps some seconds later.
export function limited(answer, max, ctx, { answered, failed, late }) {
  const sent = Date.now();
  const open = groupAt(sent, max, ctx);
  return new Promise((settle, refuse) => {
    let wake;
    let limit;
    let over = false;
    const ended = () => {
      open.delete(wake);
      if (limit !== undefined) clearTimeout(limit);
      return over;
    };
    // The timer is this request's own, so it has to be set in its context: this promise leads back there.
    new Promise((woken) => open.add((wake = woken))).then(() => {
      limit = setTimeout(() => {
        over = true;
        settle(late());
      }, Math.max(0, sent + max - Date.now()));
    });
    answer
      .then(
        (response) => ended() || settle(answered(response)),
        () => ended() || settle(failed()),
      )
      .catch(refuse);
  });
}

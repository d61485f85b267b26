// A router without rules, for comparison: a share of the requests to a second origin, everything else to the first.
import { DurableObject } from "cloudflare:workers";

const SHARE = 0;

export default {
  fetch(request, env) {
    const url = new URL(request.url);
    const origin = Math.random() < SHARE ? env.TARGET_ORIGIN : env.SOURCE_ORIGIN;
    return fetch(origin + url.pathname + url.search, request);
  },
};

// The configuration binds these classes.
export class LaneObject extends DurableObject {}
export class DirectoryObject extends DurableObject {}

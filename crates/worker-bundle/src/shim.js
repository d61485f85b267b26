// The Worker's entry. Generated bindings live in index.js; this file gives them the form the runtime asks for and gets
// the wasm instance back on its feet after a panic: a panicked instance may be left in any state, so it is replaced, and
// with it every object made from it.
import { DurableObject } from "cloudflare:workers";
import * as app from "./index.js";

const health = app.__worker_init_state();

function recover() {
  if (!health.criticalError) return;
  app.__wbg_reset_state();
  health.criticalError = false;
  health.instanceId += 1;
}

async function guarded(call) {
  recover();
  try {
    return await call();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) health.criticalError = true;
    throw error;
  }
}

// A Durable Object whose wasm half is made at first use, and again whenever the instance was replaced.
function durable(name) {
  return class extends DurableObject {
    #half = null;
    #madeIn = -1;

    #current() {
      if (this.#madeIn !== health.instanceId) {
        this.#half = new app[name](this.ctx, this.env);
        this.#madeIn = health.instanceId;
      }
      return this.#half;
    }

    fetch(request) {
      return guarded(() => this.#current().fetch(request));
    }

    alarm() {
      return guarded(() => this.#current().alarm());
    }
  };
}

export default {
  fetch: (request, env, ctx) => guarded(() => app.fetch(request, env, ctx)),
};

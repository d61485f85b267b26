// The Worker's entry. Generated bindings live in index.js; this file gives them the form the runtime needs
// and replaces the wasm instance after a panic. A panicked instance may be in any state, so the instance and
// every object made from it are replaced.
import { DurableObject } from "cloudflare:workers";
import { direct, forget, longer } from "./direct.js";
import * as app from "./index.js";

// Which build this is: replaced by the bundle's digest. The isolate's reports carry it.
globalThis.crossoverBuild = "0000000000000000";

const health = app.__worker_init_state();

function recover() {
  if (!health.criticalError) return;
  app.__wbg_reset_state();
  forget();
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

// A Durable Object whose wasm half is created at first use, and again after the instance was replaced.
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

// A direct request is forwarded synchronously; a panic while it is decided replaces the instance at the next request.
function forwarded(request, env, ctx) {
  recover();
  try {
    return direct(request, env, ctx);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) health.criticalError = true;
    throw error;
  }
}

export default {
  fetch: (request, env, ctx) =>
    forwarded(request, env, ctx) ?? longer(request, () => guarded(() => app.fetch(request, env, ctx))),
};

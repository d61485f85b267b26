variable "account_id" {
  description = "Cloudflare account."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{32}$", var.account_id))
    error_message = "account_id has 32 hexadecimal digits: it stands on the overview page of the account."
  }
}

variable "name" {
  description = "Name of the Worker."
  type        = string
  default     = "crossover-edge-router"

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,62}$", var.name))
    error_message = "name has at most 63 lower-case letters, digits and '-'."
  }
}

variable "bundle" {
  description = "Folder of the Worker's bundle, from `cargo run -p worker-bundle` (see edge-router/wrangler.toml)."
  type        = string

  validation {
    condition     = fileexists("${var.bundle}/shim.js") && fileexists("${var.bundle}/index_bg.wasm")
    error_message = "bundle is not a folder with shim.js and index_bg.wasm: build it with cargo run -p worker-bundle, as edge-router/wrangler.toml says."
  }
}

variable "wrangler_file" {
  description = "edge-router/wrangler.toml: compatibility date and flags are read from there, so that both ways of deploying agree."
  type        = string

  validation {
    condition     = can(regex("compatibility_date = \"[0-9-]+\"", file(var.wrangler_file)))
    error_message = "wrangler_file is not edge-router/wrangler.toml."
  }
}

variable "lane" {
  description = "The lane that this Worker serves."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.lane))
    error_message = "lane is 1 to 64 letters, digits, '-' or '_'."
  }
}

variable "origins" {
  description = "The two origins of the lane, and the only ones that the Worker reaches unless origins_allowed is set: scheme, host and port, without a path."
  type        = object({ source = string, target = string })

  validation {
    condition     = alltrue([for o in [var.origins.source, var.origins.target] : can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", o))])
    error_message = "An origin is https://HOST or https://HOST:PORT, without path, user or query."
  }
  validation {
    condition     = var.origins.source != var.origins.target
    error_message = "source and target are the same origin."
  }
}

variable "origins_allowed" {
  description = "Every origin that the Worker may reach, the two of origins among them: with it a directory of several lanes can be published (docs/edge.md). Null: the one lane only."
  type        = set(string)
  default     = null

  validation {
    condition     = var.origins_allowed == null ? true : alltrue([for o in var.origins_allowed : can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", o))])
    error_message = "An origin is https://HOST or https://HOST:PORT, in lower case, without path, user or query."
  }
  validation {
    condition     = var.origins_allowed == null ? true : length(setsubtract([var.origins.source, var.origins.target], var.origins_allowed)) == 0
    error_message = "origins_allowed lacks an origin of origins: until a directory is published, the Worker routes to these two."
  }
}

variable "hold_max_ms" {
  description = "How long a request may be held."
  type        = number
  default     = 10000

  validation {
    condition     = var.hold_max_ms >= 1000 && var.hold_max_ms <= 20000
    error_message = "hold_max_ms is a number from 1000 to 20000: the Worker holds nothing longer."
  }
}

variable "held_max" {
  description = "How many requests the lane may hold at once."
  type        = number
  default     = 2000

  validation {
    condition     = var.held_max >= 1 && floor(var.held_max) == var.held_max
    error_message = "held_max is a whole number above 0."
  }
}

variable "in_flight_max" {
  description = "How many requests an isolate may have in flight at once, held ones among them; more get 503 and are not executed."
  type        = number
  default     = 4000

  validation {
    condition     = var.in_flight_max >= 100 && floor(var.in_flight_max) == var.in_flight_max
    error_message = "in_flight_max is a whole number from 100 on: a lower one refuses requests that an isolate can carry."
  }
}

variable "turn_max_ms" {
  description = "How long a request that was held may wait for its turn after the release (milliseconds)."
  type        = number
  default     = 250

  validation {
    condition     = var.turn_max_ms >= 1 && var.turn_max_ms <= 10000 && floor(var.turn_max_ms) == var.turn_max_ms
    error_message = "turn_max_ms is a whole number from 1 (all at once) to 10000: clients wait for as long on top of the hold."
  }
}

variable "forward_max_ms" {
  description = "How long an origin may take for the headers of its answer, the client's upload included (milliseconds)."
  type        = number
  default     = 300000

  validation {
    condition     = var.forward_max_ms >= 1000 && floor(var.forward_max_ms) == var.forward_max_ms
    error_message = "forward_max_ms is a whole number from 1000 on: a shorter time gives up requests that are only slow."
  }
}

variable "forwarded_host" {
  description = "Whether origins are told the client's scheme and host in x-forwarded-proto and x-forwarded-host: for applications that build absolute URLs from them. Each request costs about a third more CPU at the edge then."
  type        = bool
  default     = false
}

variable "admin_keys_stored" {
  description = "Whether `wrangler secret put ADMIN_KEYS` has been done. False for the first apply: the admin API is closed then, requests are served."
  type        = bool
  default     = false
}

variable "metrics_token_stored" {
  description = "Whether `wrangler secret put METRICS_TOKEN` has been done: who has the token may read the metrics. False: nobody may."
  type        = bool
  default     = false
}

variable "metrics_dataset" {
  description = "Dataset of Analytics Engine for the data points of the edge; null for none. The account must have Analytics Engine switched on."
  type        = string
  default     = null

  validation {
    condition     = var.metrics_dataset == null || can(regex("^[A-Za-z][A-Za-z0-9_]{0,62}$", var.metrics_dataset))
    error_message = "metrics_dataset is a letter and then at most 62 letters, digits or '_'."
  }
}

variable "deployed_migration" {
  description = "Tag of the Durable Object migration that the Worker already has: null before the first apply, v2 from then on; v1 for a Worker that was first deployed without a directory."
  type        = string
  default     = null

  validation {
    condition     = var.deployed_migration == null ? true : contains(["v1", "v2"], var.deployed_migration)
    error_message = "deployed_migration is null, v1 or v2: the Worker knows no other migration."
  }
}

variable "routes" {
  description = "Routes of zones that go through the Worker, by a name of yours."
  type        = map(object({ zone_id = string, pattern = string }))
  default     = {}

  validation {
    condition     = alltrue([for r in values(var.routes) : can(regex("^[0-9a-f]{32}$", r.zone_id)) && !startswith(r.pattern, "http")])
    error_message = "zone_id has 32 hexadecimal digits; pattern is HOST/PATH without a scheme, for example api.example.com/*."
  }
}

variable "custom_domains" {
  description = "Host names that the Worker answers itself, by a name of yours."
  type        = map(object({ zone_id = string, hostname = string }))
  default     = {}

  validation {
    condition     = alltrue([for d in values(var.custom_domains) : can(regex("^[0-9a-f]{32}$", d.zone_id)) && can(regex("^[a-z0-9.-]+\\.[a-z]+$", d.hostname))])
    error_message = "zone_id has 32 hexadecimal digits; hostname is a host name."
  }
}

variable "kv_namespaces" {
  description = "KV namespaces by the name of their binding. The router needs none: its directory is a Durable Object, because it may not be stale."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for b in var.kv_namespaces : can(regex("^[A-Z][A-Z0-9_]*$", b))])
    error_message = "A binding's name has capital letters, digits and '_'."
  }
}

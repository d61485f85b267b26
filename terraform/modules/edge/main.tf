locals {
  wrangler            = file(var.wrangler_file)
  compatibility_date  = regex("compatibility_date = \"([0-9-]+)\"", local.wrangler)[0]
  compatibility_flags = jsondecode(regex("compatibility_flags = (\\[[^]]*\\])", local.wrangler)[0])

  # The bundle is complete: shim.js is the entry, the rest is what it imports.
  files = setunion(fileset(var.bundle, "**/*.js"), fileset(var.bundle, "*.wasm"))

  bindings = concat(
    [
      { name = "LANES", type = "durable_object_namespace", class_name = "LaneObject" },
      { name = "DIRECTORY", type = "durable_object_namespace", class_name = "DirectoryObject" },
      { name = "LANE", type = "plain_text", text = var.lane },
      { name = "SOURCE_ORIGIN", type = "plain_text", text = var.origins.source },
      { name = "TARGET_ORIGIN", type = "plain_text", text = var.origins.target },
      { name = "HOLD_MAX_MS", type = "plain_text", text = tostring(var.hold_max_ms) },
      { name = "HELD_MAX", type = "plain_text", text = tostring(var.held_max) },
      { name = "IN_FLIGHT_MAX", type = "plain_text", text = tostring(var.in_flight_max) },
      { name = "TURN_MAX_MS", type = "plain_text", text = tostring(var.turn_max_ms) },
      { name = "FORWARD_MAX_MS", type = "plain_text", text = tostring(var.forward_max_ms) },
      { name = "FORWARDED_HOST", type = "plain_text", text = var.forwarded_host ? "on" : "off" },
    ],
    var.origins_allowed == null ? [] : [{ name = "ORIGINS", type = "plain_text", text = jsonencode(sort(tolist(var.origins_allowed))) }],
    # A binding of type secret_text would put the keys into the state; this one takes over what wrangler has stored.
    var.admin_keys_stored ? [{ name = "ADMIN_KEYS", type = "inherit" }] : [],
    var.metrics_token_stored ? [{ name = "METRICS_TOKEN", type = "inherit" }] : [],
    var.metrics_dataset == null ? [] : [{ name = "METRICS", type = "analytics_engine", dataset = var.metrics_dataset }],
    [for binding in sort(tolist(var.kv_namespaces)) : { name = binding, type = "kv_namespace", namespace_id = cloudflare_workers_kv_namespace.this[binding].id }],
  )
}

resource "cloudflare_workers_kv_namespace" "this" {
  for_each = var.kv_namespaces

  account_id = var.account_id
  title      = "${var.name}-${lower(each.key)}"
}

resource "cloudflare_worker" "router" {
  account_id = var.account_id
  name       = var.name

  observability = {
    enabled = true
  }

  # Only routes and domains lead here: a workers.dev address would pass by the zone's rules.
  subdomain = {
    enabled          = false
    previews_enabled = false
  }
}

resource "cloudflare_worker_version" "router" {
  account_id          = var.account_id
  worker_id           = cloudflare_worker.router.id
  compatibility_date  = local.compatibility_date
  compatibility_flags = local.compatibility_flags
  main_module         = "shim.js"
  bindings            = local.bindings

  modules = [
    for file in sort(tolist(local.files)) : {
      name         = file
      content_file = "${var.bundle}/${file}"
      content_type = endswith(file, ".wasm") ? "application/wasm" : "application/javascript+module"
    }
  ]

  # What is still to be migrated, by the migration that the Worker has: Cloudflare refuses one that it has already. A new
  # Worker gets both classes at once.
  migrations = (
    var.deployed_migration == null ? { old_tag = null, new_tag = "v2", new_sqlite_classes = ["LaneObject", "DirectoryObject"] } :
    var.deployed_migration == "v1" ? { old_tag = "v1", new_tag = "v2", new_sqlite_classes = ["DirectoryObject"] } :
    null
  )

  lifecycle {
    # A version is never changed. The old one serves until the new one is deployed.
    create_before_destroy = true
  }
}

# All at once: two versions beside each other could read a lane's record differently.
resource "cloudflare_workers_deployment" "router" {
  account_id  = var.account_id
  script_name = cloudflare_worker.router.name
  strategy    = "percentage"

  versions = [{
    percentage = 100
    version_id = cloudflare_worker_version.router.id
  }]
}

resource "cloudflare_workers_route" "this" {
  for_each = var.routes

  zone_id = each.value.zone_id
  pattern = each.value.pattern
  script  = cloudflare_worker.router.name

  depends_on = [cloudflare_workers_deployment.router]
}

resource "cloudflare_workers_custom_domain" "this" {
  for_each = var.custom_domains

  account_id = var.account_id
  zone_id    = each.value.zone_id
  hostname   = each.value.hostname
  service    = cloudflare_worker.router.name

  depends_on = [cloudflare_workers_deployment.router]
}

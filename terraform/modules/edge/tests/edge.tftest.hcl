mock_provider "cloudflare" {}

variables {
  account_id    = "0123456789abcdef0123456789abcdef"
  bundle        = "tests/bundle"
  wrangler_file = "../../../edge-router/wrangler.toml"
  origins       = { source = "https://source.example.com", target = "https://target.example.com" }
  routes        = { api = { zone_id = "0123456789abcdef0123456789abcdef", pattern = "api.example.com/*" } }
}

run "first_apply" {
  command = apply

  assert {
    condition     = cloudflare_worker_version.router.migrations.new_sqlite_classes[0] == "LaneObject" && cloudflare_worker_version.router.main_module == "shim.js"
    error_message = "the Durable Object's class or the entry"
  }
  assert {
    condition     = !contains([for b in cloudflare_worker_version.router.bindings : b.type], "secret_text")
    error_message = "a secret would be in the state"
  }
  assert {
    condition     = toset([for b in cloudflare_worker_version.router.bindings : b.name]) == toset(["LANES", "LANE", "SOURCE_ORIGIN", "TARGET_ORIGIN", "HOLD_MAX_MS", "HELD_MAX"])
    error_message = "the variables of edge-router/src/config.rs"
  }
}

run "later_applies" {
  command = apply
  variables {
    admin_keys_stored  = true
    deployed_migration = "v1"
  }
  assert {
    condition     = cloudflare_worker_version.router.migrations == null && contains([for b in cloudflare_worker_version.router.bindings : "${b.name} ${b.type}"], "ADMIN_KEYS inherit")
    error_message = "a migration twice, or no keys"
  }
}

run "an_origin_with_a_path" {
  command = plan
  variables {
    origins = { source = "https://source.example.com/api", target = "https://target.example.com" }
  }
  expect_failures = [var.origins]
}

run "a_hold_that_is_too_long" {
  command = plan
  variables {
    hold_max_ms = 60000
  }
  expect_failures = [var.hold_max_ms]
}

run "a_bundle_that_is_not_built" {
  command = plan
  variables {
    bundle = "tests"
  }
  expect_failures = [var.bundle]
}

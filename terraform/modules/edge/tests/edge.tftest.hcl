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
    condition     = toset(cloudflare_worker_version.router.migrations.new_sqlite_classes) == toset(["LaneObject", "DirectoryObject"]) && cloudflare_worker_version.router.migrations.new_tag == "v2" && cloudflare_worker_version.router.main_module == "shim.js"
    error_message = "the Durable Objects' classes, both at once, or the entry"
  }
  assert {
    condition     = !contains([for b in cloudflare_worker_version.router.bindings : b.type], "secret_text")
    error_message = "a secret would be in the state"
  }
  assert {
    condition     = toset([for b in cloudflare_worker_version.router.bindings : b.name]) == toset(["LANES", "DIRECTORY", "LANE", "SOURCE_ORIGIN", "TARGET_ORIGIN", "HOLD_MAX_MS", "HELD_MAX", "IN_FLIGHT_MAX", "TURN_MAX_MS", "FORWARD_MAX_MS", "FORWARDED_HOST"])
    error_message = "the variables of edge-router/src/config.rs"
  }
}

run "later_applies" {
  command = apply
  variables {
    admin_keys_stored  = true
    deployed_migration = "v2"
  }
  assert {
    condition     = cloudflare_worker_version.router.migrations == null && contains([for b in cloudflare_worker_version.router.bindings : "${b.name} ${b.type}"], "ADMIN_KEYS inherit")
    error_message = "a migration twice, or no keys"
  }
}

run "metrics" {
  command = apply
  variables {
    metrics_token_stored = true
    metrics_dataset      = "crossover_edge"
  }
  assert {
    condition     = length(setsubtract(["METRICS_TOKEN inherit", "METRICS analytics_engine"], [for b in cloudflare_worker_version.router.bindings : "${b.name} ${b.type}"])) == 0
    error_message = "the token of the scraper, or the dataset"
  }
}

run "a_dataset_with_a_space" {
  command = plan
  variables {
    metrics_dataset = "crossover edge"
  }
  expect_failures = [var.metrics_dataset]
}

run "a_worker_from_before_the_directory" {
  command = apply
  variables {
    deployed_migration = "v1"
  }
  assert {
    condition     = cloudflare_worker_version.router.migrations.old_tag == "v1" && cloudflare_worker_version.router.migrations.new_tag == "v2" && toset(cloudflare_worker_version.router.migrations.new_sqlite_classes) == toset(["DirectoryObject"])
    error_message = "the lanes' class twice, or no class for the directory"
  }
}

run "a_list_of_origins" {
  command = apply
  variables {
    origins_allowed = ["https://source.example.com", "https://target.example.com", "https://acme.example.com"]
  }
  assert {
    condition     = contains([for b in cloudflare_worker_version.router.bindings : b.text if b.name == "ORIGINS"], jsonencode(["https://acme.example.com", "https://source.example.com", "https://target.example.com"]))
    error_message = "the Worker's list ORIGINS"
  }
}

run "a_list_that_lacks_an_origin_of_the_lane" {
  command = plan
  variables {
    origins_allowed = ["https://source.example.com"]
  }
  expect_failures = [var.origins_allowed]
}

run "a_listed_origin_with_a_path" {
  command = plan
  variables {
    origins_allowed = ["https://source.example.com", "https://target.example.com", "https://acme.example.com/api"]
  }
  expect_failures = [var.origins_allowed]
}

run "a_migration_that_does_not_exist" {
  command = plan
  variables {
    deployed_migration = "v3"
  }
  expect_failures = [var.deployed_migration]
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

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  account_id     = "111122223333"
  package        = "../../modules/lambdas/tests/package.zip"
  repository     = "example/crossover"
  source_network = { source = { cidr = "10.0.4.0/24" } }
  certificates   = { rds = "tests/authority.pem" }
  clusters       = { main = { database_name = "shop", instances = { a = { class = "db.r7g.xlarge" }, b = { class = "db.r7g.xlarge" } } } }
  instances      = { main = { class = "dms.r6i.xlarge" } }
  databases = {
    source = { secret = "source", database_name = "shop", certificate = "rds" }
    target = { secret = "target", database_name = "shop", certificate = "rds" }
  }
  migrations          = { shop = { source = "source", target = "target", instance = "main", tables = ["shop.orders"] } }
  lanes               = { main = { migration_id = "shop", admin_url = "https://edge.example.com" } }
  subscriptions       = { operators = { protocol = "email", endpoint = "operators@example.com" } }
  lane_status_command = "true" # the test's own destroy at the end must pass
  allow_delete        = true
}

run "production" {
  command = apply

  assert {
    condition     = output.crossover.replication["shop"].reverse_task == "crossover-prod-shop-reverse"
    error_message = "reverse replication is not prepared"
  }
  assert {
    condition     = length([for name in output.crossover.alarms : name if strcontains(name, "-lag-")]) == 6
    error_message = "three streams with two figures each"
  }
  assert {
    condition     = toset(keys(output.crossover.github_roles)) == toset(["plan", "dry-run", "cutover", "complete", "rollback"])
    error_message = "a role per step"
  }
}

run "without_github" {
  command = plan
  variables {
    repository = null
  }
  assert {
    condition     = length(output.crossover.github_roles) == 0
    error_message = "roles for nobody"
  }
}

run "an_account_that_is_none" {
  command = plan
  variables {
    account_id = "prod"
  }
  expect_failures = [var.account_id]
}

run "one_instance_in_production" {
  command = plan
  variables {
    clusters = { main = { database_name = "shop", instances = { a = { class = "db.r7g.xlarge" } } } }
  }
  expect_failures = [var.clusters]
}

run "alarms_for_nobody" {
  command = plan
  variables {
    subscriptions = {}
  }
  expect_failures = [var.subscriptions]
}

run "a_lane_of_no_migration" {
  command = plan
  variables {
    lanes = { main = { migration_id = "other", admin_url = "https://edge.example.com" } }
  }
  expect_failures = [var.lanes]
}

run "two_zones_in_production" {
  command = plan
  variables {
    zones = { eu-central-1a = 0, eu-central-1b = 1 }
  }
  expect_failures = [var.zones]
}

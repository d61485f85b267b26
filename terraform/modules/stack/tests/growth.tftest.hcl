# One more endpoint, one more tenant, one more region: nothing that exists is changed. A value of a resource that would be
# replaced or created is unknown in a plan, and a comparison with an unknown value fails the run.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name          = "crossover"
  package       = "../lambdas/tests/package.zip"
  definitions   = "../../../statemachine"
  network       = { zones = { eu-central-1a = 0, eu-central-1b = 1 } }
  secret_prefix = "crossover/test"
  # Given although it is the default: terraform test 1.11 sets an ephemeral variable for the apply that it did not set for the plan.
  secret_values       = {}
  lane_status_command = "true" # the test's own destroy at the end must pass
  allow_delete        = true
  secrets             = { source = { description = "s" }, target = { description = "t" }, edge = { description = "e" } }
  clusters            = { main = { database_name = "shop", instances = { a = { class = "db.r7g.large" } } } }
  lanes               = { main = { migration_id = "shop-eu" } }
  replication = {
    certificates = { rds = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" }
    instances    = { main = { class = "dms.r6i.large" } }
    databases = {
      source = { secret = "source", database_name = "shop", certificate = "rds" }
      target = { secret = "target", database_name = "shop", certificate = "rds" }
    }
    migrations = { shop-eu = { source = "source", target = "target", instance = "main", tables = ["shop.orders"] } }
  }
}

run "one_lane" {
  command = apply
}

run "one_more_of_everything" {
  command = plan
  variables {
    secrets = {
      apac = { description = "a" }, source = { description = "s" }, target = { description = "t" }, edge = { description = "e" }
    }
    clusters = {
      apac = { database_name = "shop", serverless = { min_acu = 0.5, max_acu = 4 }, instances = { a = {} } }
      main = { database_name = "shop", instances = { a = { class = "db.r7g.large" } } }
    }
    lanes = { apac = { migration_id = "shop-apac" }, main = { migration_id = "shop-eu" } }
    replication = {
      certificates = { another = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n", rds = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" }
      instances    = { apac = { class = "dms.r6i.large" }, main = { class = "dms.r6i.large" } }
      databases = {
        apac   = { secret = "apac", database_name = "shop", certificate = "another" }
        source = { secret = "source", database_name = "shop", certificate = "rds" }
        target = { secret = "target", database_name = "shop", certificate = "rds" }
      }
      migrations = {
        shop-apac = { source = "source", target = "apac", instance = "apac", tables = ["shop.orders"] }
        shop-eu   = { source = "source", target = "target", instance = "main", tables = ["shop.orders"] }
      }
    }
  }

  assert {
    condition     = output.replication_plans["shop-eu"] == run.one_lane.replication_plans["shop-eu"]
    error_message = "endpoints, instance or tasks of the existing migration"
  }
  assert {
    condition     = alltrue([for s in ["forward", "reverse", "post-rollback"] : output.replication_streams["shop-eu/${s}"] == run.one_lane.replication_streams["shop-eu/${s}"]])
    error_message = "an existing task"
  }
  assert {
    condition     = output.function_alias_arns == run.one_lane.function_alias_arns && output.function_role_arns == run.one_lane.function_role_arns
    error_message = "an existing function"
  }
  assert {
    condition     = output.state_machine_arns == run.one_lane.state_machine_arns
    error_message = "an existing state machine"
  }
  assert {
    condition     = output.cluster_endpoints["main"] == run.one_lane.cluster_endpoints["main"]
    error_message = "an existing cluster"
  }
  assert {
    condition     = toset(keys(output.replication_streams)) == toset(["shop-eu/forward", "shop-eu/reverse", "shop-eu/post-rollback", "shop-apac/forward", "shop-apac/reverse", "shop-apac/post-rollback"])
    error_message = "the new migration has three streams"
  }
}

run "a_secret_that_does_not_exist" {
  command = plan
  variables {
    secrets = { source = { description = "s" }, edge = { description = "e" } }
  }
  expect_failures = [var.replication]
}

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  package             = "../../modules/lambdas/tests/package.zip"
  lane_status_command = "true" # the test's own destroy at the end must pass
  allow_delete        = true
  lanes               = { main = { migration_id = "shop" } }
  secret_version      = 1
  secret_values = {
    source = "{\"host\":\"127.0.0.1\",\"dbname\":\"shop\",\"username\":\"crossover\",\"password\":\"p\"}"
    target = "{\"host\":\"127.0.0.1\",\"dbname\":\"shop\",\"username\":\"crossover\",\"password\":\"p\"}"
    edge   = "{\"key_id\":\"k\",\"key\":\"00\"}"
  }
}

run "the_names_of_a_rehearsal" {
  command = apply

  assert {
    condition     = output.crossover.functions["pre-check"] == "crossover-pre-check" && output.crossover.journal_table == "crossover-journal" && output.crossover.secrets.source == "crossover/dev/source"
    error_message = "names differ from those of crates/rehearsal/src/environment/cloud.rs"
  }
  assert {
    condition     = toset(keys(output.crossover.state_machines)) == toset(["cutover", "rollback", "verify"])
    error_message = "a state machine is missing"
  }
}

run "without_replication_nothing_of_dms" {
  command = plan
  assert {
    condition     = length(output.crossover.replication) == 0
    error_message = "DMS resources without a migration"
  }
}

run "credentials_sent_elsewhere" {
  command = plan
  variables {
    endpoints = { default = "http://aws.example.com" }
  }
  expect_failures = [var.endpoints]
}

run "a_local_aws_that_is_real_in_part" {
  command = plan
  variables {
    endpoints = { dms = "http://127.0.0.1:4567" }
  }
  expect_failures = [var.endpoints]
}

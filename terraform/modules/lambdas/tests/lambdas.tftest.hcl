mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name         = "crossover"
  package      = "tests/package.zip"
  journal      = { name = "crossover-journal", arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/crossover-journal" }
  logs_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  notices = {
    topic_arn = "arn:aws:sns:eu-central-1:111122223333:crossover-notices"
    key_arn   = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-666666666666"
  }
  secrets = {
    arns    = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/source-AbCdEf"]
    key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-777777777777"
  }
  vpc = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
}

run "one_function_per_stage" {
  command = apply

  assert {
    condition     = toset(keys(aws_lambda_function.stage)) == toset(["pre-check", "lag-wait", "validate", "approval", "reverse-sync", "connection-drain", "final-sync", "abort", "rollback", "complete"])
    error_message = "the stages of docs/stages.md"
  }
  assert {
    condition     = alltrue([for stage, f in aws_lambda_function.stage : f.handler == stage && f.function_name == "crossover-${stage}" && f.runtime == "provided.al2023" && f.architectures == tolist(["arm64"])])
    error_message = "names, handlers or runtime differ from those of the rehearsal"
  }
  assert {
    condition     = alltrue([for f in aws_lambda_function.stage : f.logging_config[0].log_format == "JSON" && f.publish])
    error_message = "JSON logs and published versions"
  }
  assert {
    condition     = toset(keys(aws_lambda_function.stage["abort"].environment[0].variables)) == toset(["CROSSOVER_JOURNAL_TABLE", "CROSSOVER_NOTICE_TOPIC_ARN", "CROSSOVER_LOG"])
    error_message = "the environment of crates/lambda-kit/src/configuration.rs"
  }
  assert {
    condition     = length(distinct([for f in aws_iam_role.stage : f.name])) == 10
    error_message = "a role per stage"
  }
}

run "a_stage_may_do_what_it_does_and_no_more" {
  command = apply

  assert {
    condition     = !strcontains(aws_iam_role_policy.stage["validate"].policy, "dms:")
    error_message = "validate calls no DMS"
  }
  assert {
    condition     = [for stage, p in aws_iam_role_policy.stage : stage if strcontains(p.policy, "sns:Publish")] == ["abort", "approval", "complete"]
    error_message = "only abort, approval and complete send notices"
  }
  assert {
    condition     = [for stage, p in aws_iam_role_policy.stage : stage if strcontains(p.policy, "StartReplicationTask")] == ["reverse-sync"]
    error_message = "only reverse-sync starts a task"
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.stage["reverse-sync"].policy, "ModifyEndpoint")
    error_message = "without endpoints there is nothing to modify"
  }
  assert {
    condition     = !anytrue(flatten([for p in aws_iam_role_policy.stage : [for s in jsondecode(p.policy).Statement : [for a in s.Action : strcontains(a, "*") || a == "iam:PassRole"]]]))
    error_message = "a wildcard action or PassRole"
  }
}

run "replication_adds_its_endpoints" {
  command = plan
  variables {
    replication = {
      endpoint_arns = ["arn:aws:dms:eu-central-1:111122223333:endpoint:A"]
      instance_arns = ["arn:aws:dms:eu-central-1:111122223333:rep:B"]
    }
  }
  assert {
    condition     = strcontains(aws_iam_role_policy.stage["reverse-sync"].policy, "endpoint:A") && !strcontains(aws_iam_role_policy.stage["pre-check"].policy, "endpoint:A")
    error_message = "only reverse-sync uses endpoints"
  }
}

run "a_package_that_is_missing" {
  command = plan
  variables {
    package = "tests/none.zip"
  }
  expect_failures = [var.package]
}

run "a_time_limit_that_lambda_refuses" {
  command = plan
  variables {
    settings = { validate = { timeout_seconds = 1800 } }
  }
  expect_failures = [var.settings]
}

run "a_journal_that_is_no_table" {
  command = plan
  variables {
    journal = { name = "x", arn = "crossover-journal" }
  }
  expect_failures = [var.journal]
}

run "an_environment_that_hides_the_journal" {
  command = plan
  variables {
    environment = { CROSSOVER_JOURNAL_TABLE = "other" }
  }
  expect_failures = [var.environment]
}

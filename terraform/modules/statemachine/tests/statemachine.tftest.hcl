mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name        = "crossover"
  definitions = "../../../statemachine"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  functions = {
    pre-check        = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-pre-check:live"
    lag-wait         = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-lag-wait:live"
    validate         = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-validate:live"
    approval         = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-approval:live"
    reverse-sync     = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-reverse-sync:live"
    connection-drain = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-connection-drain:live"
    final-sync       = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-final-sync:live"
    abort            = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-abort:live"
    rollback         = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-rollback:live"
    complete         = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-complete:live"
  }
}

run "every_definition_is_a_machine" {
  command = apply

  assert {
    condition     = toset([for m in aws_sfn_state_machine.machine : m.name]) == toset(["cutover", "rollback", "verify"])
    error_message = "the names of the rehearsal"
  }
  assert {
    condition     = alltrue([for m in aws_sfn_state_machine.machine : !strcontains(m.definition, "$${")])
    error_message = "a placeholder is left"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.machine["cutover"].definition).States.PreCheck.Parameters.FunctionName == "arn:aws:lambda:eu-central-1:111122223333:function:crossover-pre-check:live"
    error_message = "the ARN of the wrong function"
  }
  assert {
    condition     = alltrue([for m in aws_sfn_state_machine.machine : m.publish && !m.logging_configuration[0].include_execution_data && m.encryption_configuration[0].type == "CUSTOMER_MANAGED_KMS_KEY"])
    error_message = "versions, logs without payloads, your key"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.machine["verify"].policy).Statement[0].Resource == ["arn:aws:lambda:eu-central-1:111122223333:function:crossover-validate:live"]
    error_message = "verify calls validate only"
  }
  assert {
    condition     = [for name, p in aws_iam_role_policy.machine : name if strcontains(p.policy, "states:StartExecution")] == ["verify"]
    error_message = "only the distributed map starts executions"
  }
}

run "a_folder_without_definitions" {
  command = plan
  variables {
    definitions = "tests"
  }
  expect_failures = [var.definitions]
}

run "a_function_that_is_no_arn" {
  command = plan
  variables {
    functions = { pre-check = "crossover-pre-check" }
  }
  expect_failures = [var.functions]
}

run "a_log_level_that_does_not_exist" {
  command = plan
  variables {
    log_level = "INFO"
  }
  expect_failures = [var.log_level]
}

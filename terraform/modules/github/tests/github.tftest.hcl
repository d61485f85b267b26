mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name = "crossover"
  roles = {
    cutover = {
      repository   = "example/crossover"
      environment  = "prod-cutover"
      machine_arns = ["arn:aws:states:eu-central-1:111122223333:stateMachine:cutover"]
      reads = {
        machine_arns    = ["arn:aws:states:eu-central-1:111122223333:stateMachine:cutover", "arn:aws:states:eu-central-1:111122223333:stateMachine:rollback"]
        journal_arn     = "arn:aws:dynamodb:eu-central-1:111122223333:table/journal"
        edge_secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:edge-AbCdEf"
        secret_arns     = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:source-AbCdEf"]
      }
    }
  }
}

run "repository_and_environment" {
  command = apply

  assert {
    condition     = jsondecode(aws_iam_role.this["cutover"].assume_role_policy).Statement[0].Condition == { StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com", "token.actions.githubusercontent.com:sub" = "repo:example/crossover:environment:prod-cutover" } }
    error_message = "the role is not bound to repository and environment"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.machines["cutover"].policy).Statement[1].Resource == ["arn:aws:states:eu-central-1:111122223333:execution:cutover:*"]
    error_message = "executions of other machines"
  }
  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.reads["cutover"].policy).Statement : s.Resource if s.Action == "secretsmanager:GetSecretValue"] == ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:edge-AbCdEf"]
    error_message = "a value other than the edge's can be read"
  }
}

run "only_a_role_that_approves_may_answer_for_a_person" {
  command = apply
  variables {
    roles = {
      cutover = {
        repository   = "example/crossover"
        environment  = "prod-cutover"
        machine_arns = ["arn:aws:states:eu-central-1:111122223333:stateMachine:cutover"]
        approves     = true
      }
      dry-run = {
        repository   = "example/crossover"
        environment  = "prod-dry-run"
        machine_arns = ["arn:aws:states:eu-central-1:111122223333:stateMachine:cutover"]
      }
    }
  }
  assert {
    condition     = [for role, p in aws_iam_role_policy.machines : role if strcontains(p.policy, "SendTaskSuccess")] == ["cutover"]
    error_message = "a role that was not asked for may approve a cutover"
  }
}

run "a_provider_that_exists" {
  command = plan
  variables {
    provider_arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
  }
  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0
    error_message = "an account can have one only"
  }
}

run "every_environment_at_once" {
  command = plan
  variables {
    roles = { cutover = { repository = "example/crossover", environment = "*" } }
  }
  expect_failures = [var.roles]
}

run "every_repository_at_once" {
  command = plan
  variables {
    roles = { cutover = { repository = "example/*", environment = "prod-cutover" } }
  }
  expect_failures = [var.roles]
}

run "a_policy_that_is_no_json" {
  command = plan
  variables {
    roles = { plan = { repository = "example/crossover", environment = "plan", policy = "ReadOnlyAccess" } }
  }
  expect_failures = [var.roles]
}

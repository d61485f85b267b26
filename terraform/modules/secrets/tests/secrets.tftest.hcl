mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  prefix      = "crossover/test"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  secrets = {
    source = { description = "The source database", value_version = 1 }
    target = { description = "The target database", rotation_function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:rotate" }
  }
  values = {
    source = "{\"host\":\"db.internal\",\"dbname\":\"shop\",\"username\":\"crossover\",\"password\":\"not-in-the-state\"}"
  }
}

run "no_value_is_in_the_state" {
  command = apply

  assert {
    condition     = aws_secretsmanager_secret_version.this["source"].secret_string == null && aws_secretsmanager_secret_version.this["source"].secret_string_wo == null
    error_message = "the value is in the state"
  }
  assert {
    condition     = keys(aws_secretsmanager_secret_version.this) == ["source"]
    error_message = "a secret without value_version has no version of Terraform's"
  }
  assert {
    condition     = keys(aws_secretsmanager_secret_rotation.this) == ["target"] && !aws_secretsmanager_secret_rotation.this["target"].rotate_immediately
    error_message = "rotation only where asked for, and never at once"
  }
  assert {
    condition     = output.names["source"] == "crossover/test/source"
    error_message = "names are PREFIX/KEY"
  }
}

run "a_value_that_is_no_json" {
  command = plan
  variables {
    values = { source = "host=db" }
  }
  expect_failures = [var.values]
}

run "a_rotation_function_that_is_no_arn" {
  command = plan
  variables {
    secrets = { source = { description = "x", rotation_function_arn = "rotate" } }
    values  = {}
  }
  expect_failures = [var.secrets]
}

run "a_prefix_with_a_slash_at_the_end" {
  command = plan
  variables {
    prefix = "crossover/"
  }
  expect_failures = [var.prefix]
}

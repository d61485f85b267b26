mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name = "crossover"
}

run "every_key_rotates" {
  command = apply

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation])
    error_message = "a key without rotation"
  }
  assert {
    condition     = toset(keys(output.arns)) == toset(["secrets", "data", "logs"])
    error_message = "one key per kind of reader"
  }
  assert {
    condition     = !strcontains(aws_kms_key.this["secrets"].policy, "amazonaws.com\"]")
    error_message = "no service may use the key of the secrets on its own behalf"
  }
}

run "a_name_that_services_refuse" {
  command = plan
  variables {
    name = "Crossover_Prod"
  }
  expect_failures = [var.name]
}

run "a_window_that_kms_refuses" {
  command = plan
  variables {
    deletion_window_days = 3
  }
  expect_failures = [var.deletion_window_days]
}

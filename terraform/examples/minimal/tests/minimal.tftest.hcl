mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  package             = "../../modules/lambdas/tests/package.zip"
  certificates        = "../../environments/prod/tests/authority.pem"
  source_cidr         = "10.0.4.0/24"
  tables              = ["shop.orders"]
  lane_status_command = "true" # the test's own destroy at the end must pass
  allow_delete        = true
}

run "a_plan_can_be_written" {
  command = apply

  assert {
    condition     = output.plan.replication.forward_task == "crossover-shop-forward" && output.plan.secrets.edge == "crossover/minimal/edge"
    error_message = "the plan's part of replication or secrets"
  }
}

run "a_certificate_that_is_missing" {
  command = plan
  variables {
    certificates = "none.pem"
  }
  expect_failures = [var.certificates]
}

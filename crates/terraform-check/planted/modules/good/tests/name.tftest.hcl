mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = {
      json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    }
  }
}

variables {
  name       = "shop"
  endpoints  = {}
  repository = "example/shop"
  password   = "made-for-a-test"
  package    = "stages.zip"
  network = {
    vpc_id          = "vpc-1"
    subnet_ids      = ["subnet-1", "subnet-2"]
    client_group_id = "sg-1"
  }
}

run "a_long_name_is_refused" {
  command = plan

  variables {
    name = "Shop with spaces"
  }

  expect_failures = [var.name]
}

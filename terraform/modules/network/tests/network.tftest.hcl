mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name         = "crossover"
  zones        = { eu-central-1a = 0, eu-central-1b = 1 }
  logs_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  outside_databases = {
    source = { cidr = "10.0.0.0/24" }
  }
}

run "rules_name_groups" {
  command = apply

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.inside : rule.referenced_security_group_id != null && rule.cidr_ipv4 == null])
    error_message = "a rule inside the VPC that names addresses"
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.private) == 2
    error_message = "one gateway serves both zones"
  }
  assert {
    condition     = length([for rule in aws_vpc_security_group_egress_rule.edge : rule if rule.cidr_ipv4 == "0.0.0.0/0"]) == 1
    error_message = "only the functions may leave the VPC"
  }
  assert {
    condition     = toset(keys(aws_vpc_security_group_egress_rule.outside_database)) == toset(["functions-to-source", "dms-to-source", "kafka-to-source"])
    error_message = "functions and CDC reach the source"
  }
}

run "a_further_zone_moves_no_subnet" {
  command = plan
  variables {
    zones = { eu-central-1a = 0, eu-central-1b = 1, eu-central-1c = 2 }
  }
  assert {
    condition     = aws_subnet.private["eu-central-1a"].cidr_block == "10.64.0.0/24" && aws_subnet.private["eu-central-1b"].cidr_block == "10.64.1.0/24" && aws_subnet.private["eu-central-1c"].cidr_block == "10.64.2.0/24"
    error_message = "a subnet moved"
  }
}

run "no_way_out" {
  command = plan
  variables {
    internet_egress = "none"
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_vpc_security_group_egress_rule.edge) == 0 && length(aws_internet_gateway.this) == 0
    error_message = "there is a way out"
  }
}

run "one_zone" {
  command = plan
  variables {
    zones = { eu-central-1a = 0 }
  }
  expect_failures = [var.zones]
}

run "two_zones_with_one_number" {
  command = plan
  variables {
    zones = { eu-central-1a = 0, eu-central-1b = 0 }
  }
  expect_failures = [var.zones]
}

run "a_range_that_is_too_small" {
  command = plan
  variables {
    cidr = "10.0.0.0/28"
  }
  expect_failures = [var.cidr]
}

run "a_source_that_is_the_internet" {
  command = plan
  variables {
    outside_databases = { source = { cidr = "0.0.0.0/0" } }
  }
  expect_failures = [var.outside_databases]
}

run "an_egress_that_does_not_exist" {
  command = plan
  variables {
    internet_egress = "all"
  }
  expect_failures = [var.internet_egress]
}

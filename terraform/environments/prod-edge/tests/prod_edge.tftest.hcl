mock_provider "cloudflare" {}

variables {
  account_id = "0123456789abcdef0123456789abcdef"
  bundle     = "../../modules/edge/tests/bundle"
  lanes      = { main = { origins = { source = "https://source.example.com", target = "https://target.example.com" } } }
}

run "one_worker_per_lane" {
  command = plan

  assert {
    condition     = length(output.versions) == 1
    error_message = "one Worker per lane"
  }
}

run "the_list_of_origins_reaches_the_module" {
  command = plan
  variables {
    lanes = { main = {
      origins         = { source = "https://source.example.com", target = "https://target.example.com" }
      origins_allowed = ["https://source.example.com", "https://target.example.com"]
    } }
  }
  assert {
    condition     = length(output.versions) == 1
    error_message = "a list of the two origins"
  }
}

run "no_lane_at_all" {
  command = plan
  variables {
    lanes = {}
  }
  expect_failures = [var.lanes]
}

variables {
  lanes          = { main = { migration_id = "shop" } }
  allow_delete   = true
  status_command = "true" # the test's own destroy at the end must pass
}

run "a_guard_per_lane" {
  command = apply

  assert {
    condition     = output.lanes == ["main"] && terraform_data.lane["main"].input.allow_delete
    error_message = "the provisioner sees only what is stored in its resource"
  }
}

run "one_more_lane_changes_no_other" {
  command = apply
  variables {
    lanes = { apac = { migration_id = "shop" }, main = { migration_id = "shop" } }
  }
  assert {
    condition     = toset(output.lanes) == toset(["apac", "main"])
    error_message = "both lanes are guarded"
  }
}

run "a_lane_that_no_plan_can_name" {
  command = plan
  variables {
    lanes = { "Main Lane" = { migration_id = "shop" } }
  }
  expect_failures = [var.lanes]
}

run "no_question_at_all" {
  command = plan
  variables {
    status_command = " "
  }
  expect_failures = [var.status_command]
}

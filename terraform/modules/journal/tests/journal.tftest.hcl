mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name        = "crossover"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
}

run "the_journal_survives_mistakes" {
  command = apply

  assert {
    condition     = aws_dynamodb_table.journal.point_in_time_recovery[0].enabled && aws_dynamodb_table.journal.deletion_protection_enabled
    error_message = "no recovery, or deletable"
  }
  assert {
    condition     = aws_dynamodb_table.journal.hash_key == "run_id" && aws_dynamodb_table.journal.range_key == "entry"
    error_message = "the functions write run_id and entry"
  }
  assert {
    condition     = output.table_name == "crossover-journal"
    error_message = "the rehearsal uses the name crossover-journal"
  }
}

run "only_the_step_that_deletes_lifts_the_protection" {
  command = plan
  variables {
    allow_delete = true
  }
  assert {
    condition     = !aws_dynamodb_table.journal.deletion_protection_enabled
    error_message = "still protected"
  }
}

run "a_key_that_is_no_arn" {
  command = plan
  variables {
    kms_key_arn = "alias/data"
  }
  expect_failures = [var.kms_key_arn]
}

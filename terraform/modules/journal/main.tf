# The keys are those that crates/aws/src/journal.rs writes: run, then time, stage and event.
resource "aws_dynamodb_table" "journal" {
  name      = "${var.name}-journal"
  hash_key  = "run_id"
  range_key = "entry"

  # A run writes some dozen entries within minutes and then nothing for weeks.
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = !var.allow_delete

  attribute {
    name = "run_id"
    type = "S"
  }

  attribute {
    name = "entry"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

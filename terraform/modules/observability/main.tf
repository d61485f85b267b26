data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

resource "aws_sns_topic" "notices" {
  name              = "${var.name}-notices"
  kms_master_key_id = var.logs_key_arn
}

resource "aws_sns_topic_policy" "notices" {
  arn = aws_sns_topic.notices.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ServicesOfThisAccount"
        Effect    = "Allow"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.notices.arn
        Principal = { Service = ["cloudwatch.amazonaws.com", "events.amazonaws.com", "dms.amazonaws.com"] }
        Condition = { StringEqualsIfExists = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
      {
        Sid       = "OnlyByTls"
        Effect    = "Deny"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.notices.arn
        Principal = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "this" {
  for_each = var.subscriptions

  topic_arn = aws_sns_topic.notices.arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}

# ---- a run that did not end as asked ----

resource "aws_cloudwatch_event_rule" "run_failed" {
  name        = "${var.name}-run-failed"
  description = "A cutover, a rollback or a comparison failed, timed out or was stopped"

  event_pattern = jsonencode({
    source        = ["aws.states"]
    "detail-type" = ["Step Functions Execution Status Change"]
    detail        = { stateMachineArn = values(var.machines), status = ["FAILED", "TIMED_OUT", "ABORTED"] }
  })
}

resource "aws_cloudwatch_event_target" "run_failed" {
  rule = aws_cloudwatch_event_rule.run_failed.name
  arn  = aws_sns_topic.notices.arn

  # Names only: the input and the cause stay where they are encrypted.
  input_transformer {
    input_paths    = { run = "$.detail.executionArn", status = "$.detail.status", error = "$.detail.error" }
    input_template = "\"Crossover run <run> ended with <status> (<error>). What to do: docs/runbooks.md, under the error's name.\""
  }
}

# ---- DMS says itself when a task fails or stops ----

resource "aws_dms_event_subscription" "tasks" {
  for_each = length(var.streams) > 0 ? toset(["this"]) : toset([])

  name             = "${var.name}-tasks"
  enabled          = true
  source_type      = "replication-task"
  event_categories = ["failure", "state change"]
  sns_topic_arn    = aws_sns_topic.notices.arn
}

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name         = "crossover"
  logs_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-666666666666"
  streams = {
    "shop/forward" = { migration = "shop", stream = "forward", identifier = "crossover-shop-forward", arn = "arn:aws:dms:eu-central-1:111122223333:task:F", instance_id = "crossover-main", metric_id = "F" }
    "shop/reverse" = { migration = "shop", stream = "reverse", identifier = "crossover-shop-reverse", arn = "arn:aws:dms:eu-central-1:111122223333:task:R", instance_id = "crossover-main", metric_id = "R" }
  }
  task_logs        = { main = "dms-tasks-crossover-main" }
  clusters         = { main = "crossover-main" }
  source_instances = { legacy = "legacy-1" }
  stage_logs = {
    abort            = "/aws/lambda/crossover-abort"
    connection-drain = "/aws/lambda/crossover-connection-drain"
    final-sync       = "/aws/lambda/crossover-final-sync"
    reverse-sync     = "/aws/lambda/crossover-reverse-sync"
    rollback         = "/aws/lambda/crossover-rollback"
  }
  machines       = { cutover = "arn:aws:states:eu-central-1:111122223333:stateMachine:cutover" }
  load_balancers = { target = "app/api/0123456789abcdef" }
  subscriptions  = { operators = { protocol = "email", endpoint = "operators@example.com" } }
}

run "every_alarm_reaches_someone" {
  command = apply

  assert {
    condition = alltrue([
      for a in concat(
        values(aws_cloudwatch_metric_alarm.lag), values(aws_cloudwatch_metric_alarm.table_errors), values(aws_cloudwatch_metric_alarm.slot_disk_aurora),
        values(aws_cloudwatch_metric_alarm.slot_disk_source), values(aws_cloudwatch_metric_alarm.pause), values(aws_cloudwatch_metric_alarm.latency),
        values(aws_cloudwatch_metric_alarm.errors), [aws_cloudwatch_metric_alarm.no_reverse_replication],
      ) : contains(a.alarm_actions, aws_sns_topic.notices.arn)
    ])
    error_message = "an alarm that nobody gets"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.lag) == 4 && alltrue([for a in aws_cloudwatch_metric_alarm.lag : a.threshold == 30 && a.comparison_operator == "GreaterThanThreshold"])
    error_message = "both halves of the lag of both streams, above 30 s"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.lag["shop/reverse/CDCLatencyTarget"].dimensions == tomap({ ReplicationInstanceIdentifier = "crossover-main", ReplicationTaskIdentifier = "R" })
    error_message = "the dimensions of crates/aws/src/metrics.rs"
  }
  assert {
    condition     = aws_sns_topic.notices.name == "crossover-notices" && aws_sns_topic.notices.kms_master_key_id == var.logs_key_arn
    error_message = "the topic's name or key"
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 9
    error_message = "a figure is missing on the dashboard"
  }
  assert {
    condition     = length(output.alarm_names) == 4 + 1 + 1 + 1 + 1 + 1 + 1 + 1
    error_message = "an alarm is not listed"
  }
}

run "nothing_to_migrate_yet" {
  command = plan
  variables {
    streams          = {}
    task_logs        = {}
    clusters         = {}
    source_instances = {}
    load_balancers   = {}
  }
  assert {
    condition     = length(aws_dms_event_subscription.tasks) == 0 && length(aws_cloudwatch_metric_alarm.lag) == 0
    error_message = "something watches nothing"
  }
}

run "alarms_in_the_clear" {
  command = plan
  variables {
    subscriptions = { operators = { protocol = "http", endpoint = "http://example.com" } }
  }
  expect_failures = [var.subscriptions]
}

run "a_limit_beyond_the_hold" {
  command = plan
  variables {
    limits = { pause_ms = 60000 }
  }
  expect_failures = [var.limits]
}

run "a_stage_without_a_log" {
  command = plan
  variables {
    stage_logs = { final-sync = "/aws/lambda/crossover-final-sync" }
  }
  expect_failures = [var.stage_logs]
}

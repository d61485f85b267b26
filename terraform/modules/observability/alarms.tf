locals {
  actions = [aws_sns_topic.notices.arn]

  lag = merge([
    for key, stream in var.streams : {
      for metric in ["CDCLatencySource", "CDCLatencyTarget"] : "${key}/${metric}" => merge(stream, { metric = metric })
    }
  ]...)

  # Lines that the functions write: crates/lambda-kit/src/serve.rs, and lambdas/src/final_sync/pause_log.rs of the stages that release held writes.
  pause_stages               = ["abort", "final-sync"]
  reverse_replication_stages = ["reverse-sync", "connection-drain", "rollback"]
}

resource "aws_cloudwatch_metric_alarm" "lag" {
  for_each = local.lag

  alarm_name        = "${var.name}-lag-${replace(each.key, "/", "-")}"
  alarm_description = "The ${each.value.stream} stream of ${each.value.migration} is more than ${var.limits.lag_seconds} s behind. Reverse: a rollback would not be ready. docs/runbooks.md"
  namespace         = "AWS/DMS"
  metric_name       = each.value.metric
  dimensions = {
    ReplicationInstanceIdentifier = each.value.instance_id
    ReplicationTaskIdentifier     = each.value.metric_id
  }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.limits.lag_seconds
  # A task that does not run has no figure, and two of the three streams never run. That a running task stopped says the
  # event subscription.
  treat_missing_data = "missing"
  alarm_actions      = local.actions
  ok_actions         = local.actions
}

# DMS has no metric for tables in error. The task's log has a line with ]E: for each error, suspended tables included.
resource "aws_cloudwatch_log_metric_filter" "table_errors" {
  for_each = var.task_logs

  name           = "${var.name}-table-errors-${each.key}"
  log_group_name = each.value
  pattern        = "\"]E:\""

  metric_transformation {
    namespace     = "Crossover"
    name          = "${var.name}-table-errors-${each.key}"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "table_errors" {
  for_each = var.task_logs

  alarm_name          = "${var.name}-table-errors-${each.key}"
  alarm_description   = "A replication task of instance ${each.key} reports errors: a table may be suspended, and its changes missing. docs/runbooks.md"
  namespace           = "Crossover"
  metric_name         = "${var.name}-table-errors-${each.key}"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # no line, no error
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

# A slot that nobody reads keeps all changes from then on, until the disk is full.
resource "aws_cloudwatch_metric_alarm" "slot_disk_aurora" {
  for_each = var.clusters

  alarm_name          = "${var.name}-slot-disk-${each.key}"
  alarm_description   = "Replication slots of cluster ${each.value} keep more than ${var.limits.slot_gb} GB. Find the slot that nobody reads. docs/runbooks.md"
  namespace           = "AWS/RDS"
  metric_name         = "ReplicationSlotDiskUsage"
  dimensions          = { DBClusterIdentifier = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.limits.slot_gb * 1024 * 1024 * 1024
  treat_missing_data  = "missing" # no slot, no figure
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

resource "aws_cloudwatch_metric_alarm" "slot_disk_source" {
  for_each = var.source_instances

  alarm_name          = "${var.name}-slot-disk-source-${each.key}"
  alarm_description   = "The oldest replication slot of ${each.value} is more than ${var.limits.slot_gb} GB behind. docs/runbooks.md"
  namespace           = "AWS/RDS"
  metric_name         = "OldestReplicationSlotLag"
  dimensions          = { DBInstanceIdentifier = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.limits.slot_gb * 1024 * 1024 * 1024
  treat_missing_data  = "missing"
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

# ---- rollback not ready ----

resource "aws_cloudwatch_log_metric_filter" "no_reverse_replication" {
  for_each = toset(local.reverse_replication_stages)

  name           = "${var.name}-rollback-not-ready-${each.key}"
  log_group_name = var.stage_logs[each.key]
  pattern        = "{ $.level = \"ERROR\" && $.name = \"NoReverseReplication\" }"

  metric_transformation {
    namespace     = "Crossover"
    name          = "${var.name}-rollback-not-ready"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "no_reverse_replication" {
  alarm_name          = "${var.name}-rollback-not-ready"
  alarm_description   = "Reverse replication does not run or carries no changes: a rollback is not possible now. docs/runbooks.md, CommittedWithoutReverseReplication"
  namespace           = "Crossover"
  metric_name         = "${var.name}-rollback-not-ready"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

# ---- pause over its limit ----

resource "aws_cloudwatch_log_metric_filter" "pause" {
  for_each = toset(local.pause_stages)

  name           = "${var.name}-pause-${each.key}"
  log_group_name = var.stage_logs[each.key]
  pattern        = "{ $.message = \"writes were held\" && $.pause_ms = * && $.span.lane = * }"

  metric_transformation {
    namespace  = "Crossover"
    name       = "${var.name}-pause-${each.key}"
    value      = "$.pause_ms"
    unit       = "Milliseconds"
    dimensions = { Lane = "$.span.lane" }
  }
}

resource "aws_cloudwatch_metric_alarm" "pause" {
  for_each = var.lanes

  alarm_name          = "${var.name}-pause-${each.key}"
  alarm_description   = "Writes of lane ${each.key} were held for more than ${var.limits.pause_ms} ms. docs/incidents.md, pause"
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.limits.pause_ms
  treat_missing_data  = "notBreaching" # no pause, no figure
  alarm_actions       = local.actions

  metric_query {
    id          = "pause"
    label       = "writes were held"
    expression  = "MAX([FILL(m_abort, 0), FILL(m_final, 0)])"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { m_abort = "abort", m_final = "final-sync" }

    content {
      id = metric_query.key

      metric {
        namespace   = "Crossover"
        metric_name = "${var.name}-pause-${metric_query.value}"
        dimensions  = { Lane = each.key }
        # A cutover can cross the border of a minute.
        period = 300
        stat   = "Maximum"
      }
    }
  }
}

# ---- what clients see ----

resource "aws_cloudwatch_metric_alarm" "latency" {
  for_each = var.load_balancers

  alarm_name          = "${var.name}-p95-${each.key}"
  alarm_description   = "The ${each.key}'s API answers 5 % of the requests in more than ${var.limits.p95_ms} ms. docs/runbooks.md"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  dimensions          = { LoadBalancer = each.value }
  extended_statistic  = "p95"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.limits.p95_ms / 1000
  treat_missing_data  = "missing"
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = var.load_balancers

  alarm_name          = "${var.name}-errors-${each.key}"
  alarm_description   = "More than ${var.limits.error_rate_percent} % of the requests to the ${each.key}'s API fail. docs/runbooks.md"
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.limits.error_rate_percent
  treat_missing_data  = "missing"
  alarm_actions       = local.actions
  ok_actions          = local.actions

  metric_query {
    id          = "rate"
    label       = "failed requests in percent"
    expression  = "100 * FILL(m_failed, 0) / m_all"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { m_failed = "HTTPCode_Target_5XX_Count", m_all = "RequestCount" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value
        dimensions  = { LoadBalancer = each.value }
        period      = 60
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "lag" {
  for_each = var.consumer_groups

  alarm_name          = "${var.name}-kafka-lag-${each.key}"
  alarm_description   = "The consumer group ${each.value.group} is more than ${var.max_lag_seconds} s behind on ${each.value.topic}. docs/runbooks.md"
  namespace           = "AWS/Kafka"
  metric_name         = "EstimatedMaxTimeLag"
  dimensions          = { "Cluster Name" = "${var.name}-${each.value.cluster}", "Consumer Group" = each.value.group, Topic = each.value.topic }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.max_lag_seconds
  # No figure means that nobody consumes, or that nobody knows.
  treat_missing_data = "breaching"
  alarm_actions      = [var.alarm_topic_arn]
  ok_actions         = [var.alarm_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "connector" {
  for_each = var.connectors

  alarm_name          = "${var.name}-connector-${each.key}"
  alarm_description   = "The connector ${each.key} has a failed task, or reports nothing: changes do not arrive. docs/runbooks.md"
  namespace           = "AWS/KafkaConnect"
  metric_name         = "ErroredTaskCount"
  dimensions          = { ConnectorName = "${var.name}-${each.key}" }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "breaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}

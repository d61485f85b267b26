output "topic_arn" {
  description = "SNS topic of notices and alarms: CROSSOVER_NOTICE_TOPIC_ARN."
  value       = aws_sns_topic.notices.arn
}

output "alarm_names" {
  description = "Names of all alarms (pre-check AC07)."
  value = concat(
    [for a in aws_cloudwatch_metric_alarm.lag : a.alarm_name], [for a in aws_cloudwatch_metric_alarm.table_errors : a.alarm_name],
    [for a in aws_cloudwatch_metric_alarm.slot_disk_aurora : a.alarm_name], [for a in aws_cloudwatch_metric_alarm.slot_disk_source : a.alarm_name],
    [for a in aws_cloudwatch_metric_alarm.pause : a.alarm_name], [for a in aws_cloudwatch_metric_alarm.latency : a.alarm_name],
    [for a in aws_cloudwatch_metric_alarm.errors : a.alarm_name], [aws_cloudwatch_metric_alarm.no_reverse_replication.alarm_name],
  )
}

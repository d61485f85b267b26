resource "aws_lambda_function" "stage" {
  function_name = "${var.name}-final-sync"
  role          = aws_iam_role.cutover.arn
  filename      = var.package
  handler       = "final-sync"
  runtime       = "provided.al2023"
  architectures = ["arm64"]
  memory_size   = 512
  timeout       = 60

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.stage.name
  }
}

resource "aws_cloudwatch_log_group" "stage" {
  name              = "/aws/lambda/${var.name}-final-sync"
  retention_in_days = 90
}

resource "aws_sfn_state_machine" "cutover" {
  name       = "${var.name}-cutover"
  role_arn   = aws_iam_role.cutover.arn
  definition = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed" } } })

  logging_configuration {
    include_execution_data = false
    level                  = "ERROR"
    log_destination        = "${aws_cloudwatch_log_group.stage.arn}:*"
  }
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.data.id
}

resource "aws_cloudwatch_metric_alarm" "lag" {
  count = var.with_alarm ? 1 : 0

  alarm_name          = "${var.name}-lag"
  namespace           = "AWS/DMS"
  metric_name         = "CDCLatencyTarget"
  statistic           = "Maximum"
  period              = 60
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 30
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

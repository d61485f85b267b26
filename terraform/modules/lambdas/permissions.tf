# One role per stage, with exactly the calls that the stage's code makes (permissions.json). The symbolic names of
# resources in that file are resolved here, and only here.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  region    = data.aws_region.current.id
  tasks     = "arn:${local.partition}:dms:${local.region}:${local.account}:task:*"

  resources = {
    # Describe calls of DMS and GetMetricStatistics know no resources (Service Authorization Reference).
    any         = ["*"]
    secrets     = var.secrets.arns
    secrets_key = [var.secrets.key_arn]
    journal     = [var.journal.arn]
    notices     = [var.notices.topic_arn]
    notices_key = [var.notices.key_arn]
    endpoints   = var.replication.endpoint_arns
    # A run deletes and creates tasks of reverse replication, and DMS invents the end of a new task's ARN.
    tasks     = [local.tasks]
    new_tasks = concat([local.tasks], var.replication.endpoint_arns, var.replication.instance_arns)
  }

  # A statement without resources (no replication yet) is left out: IAM refuses it.
  statements = {
    for stage, own in local.permissions.stages : stage => [
      for s in concat(local.permissions.every-stage, own) : {
        Effect   = "Allow"
        Action   = s.actions
        Resource = local.resources[s.resources]
      } if length(local.resources[s.resources]) > 0
    ]
  }
}

resource "aws_iam_role" "stage" {
  for_each = local.stages

  name        = "${var.name}-${each.key}"
  description = "Crossover stage ${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "stage" {
  for_each = local.stages

  name   = "stage"
  role   = aws_iam_role.stage[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements[each.key] })
}

# What Lambda itself does in the role's name: logs, traces, and the network interfaces of a function in a VPC. The managed
# policy AWSLambdaVPCAccessExecutionRole would allow logs of all functions on top.
resource "aws_iam_role_policy" "runtime" {
  #checkov:skip=CKV_AWS_290:traces and network interfaces know no resources; the program itself is denied the interfaces
  for_each = local.stages

  name = "runtime"
  role = aws_iam_role.stage[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.stage[each.key].arn}:*"
      },
      {
        # Traces know no resources.
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      },
      {
        # Lambda makes an interface before there is one to name, and takes no policy that names subnets.
        Effect = "Allow"
        Action = [
          "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
          "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = "*"
      },
      {
        # Lambda makes network interfaces, the program does not: a stolen credential of a function is useless here.
        Effect = "Deny"
        Action = [
          "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
          "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
        ]
        Resource  = "*"
        Condition = { ArnLike = { "lambda:SourceFunctionArn" = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}-${each.key}" } }
      },
    ]
  })
}

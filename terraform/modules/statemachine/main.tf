data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # The files are the only place where the order of stages lives. Here their placeholders get the ARNs: ${pre_check} is
  # the stage pre-check.
  machines  = toset([for file in fileset(var.definitions, "*.asl.json") : trimsuffix(file, ".asl.json")])
  functions = { for stage, arn in var.functions : replace(stage, "-", "_") => arn }

  definitions = { for name in local.machines : name => templatefile("${var.definitions}/${name}.asl.json", local.functions) }

  # Names that a definition mentions; the role of a state machine may call these and no other.
  called = {
    for name in local.machines : name => [
      for stage, arn in local.functions : arn if strcontains(file("${var.definitions}/${name}.asl.json"), "$${${stage}}")
    ]
  }
  distributed = { for name in local.machines : name => strcontains(local.definitions[name], "\"DISTRIBUTED\"") }

  prefix = "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
}

resource "aws_cloudwatch_log_group" "machine" {
  for_each = local.machines

  # Only names that begin so keep the resource policy of CloudWatch Logs below its limit of 5,120 characters.
  name              = "/aws/vendedlogs/states/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_iam_role" "machine" {
  for_each = local.machines

  name        = "${var.name}-machine-${each.key}"
  description = "Crossover state machine ${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "states.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "machine" {
  for_each = local.machines

  name = "machine"
  role = aws_iam_role.machine[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        { Effect = "Allow", Action = "lambda:InvokeFunction", Resource = local.called[each.key] },
        { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = var.kms_key_arn },
        {
          # Delivery of logs knows no resources (Step Functions developer guide, "Logging using CloudWatch Logs").
          Effect = "Allow"
          Action = [
            "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries",
            "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
          ]
          Resource = "*"
        },
      ],
      # A distributed map runs each batch as an execution of its own machine.
      [
        for statement in [
          { Effect = "Allow", Action = ["states:StartExecution"], Resource = "${local.prefix}:stateMachine:${var.machine_prefix}${each.key}" },
          {
            Effect   = "Allow"
            Action   = ["states:DescribeExecution", "states:StopExecution"]
            Resource = "${local.prefix}:execution:${var.machine_prefix}${each.key}/*"
          },
        ] : statement if local.distributed[each.key]
      ],
    )
  })
}

resource "aws_sfn_state_machine" "machine" {
  #checkov:skip=CKV_AWS_284:the functions trace themselves, and the history, which is part of the evidence, has the times of every state
  #checkov:skip=CKV_AWS_285:level ALL by default, into a group of its own; checkov does not evaluate the variable
  for_each = local.machines

  name       = "${var.machine_prefix}${each.key}"
  role_arn   = aws_iam_role.machine[each.key].arn
  definition = local.definitions[each.key]

  # An execution names the version that it ran: part of the evidence.
  publish = true

  logging_configuration {
    level           = var.log_level
    log_destination = "${aws_cloudwatch_log_group.machine[each.key].arn}:*"
    # The payload names tables and hosts, and the state's history has it anyway.
    include_execution_data = false
  }

  encryption_configuration {
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = var.kms_key_arn
    kms_data_key_reuse_period_seconds = 900
  }

  depends_on = [aws_iam_role_policy.machine]
}

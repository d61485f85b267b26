locals {
  host         = "token.actions.githubusercontent.com"
  provider_arn = var.provider_arn != null ? var.provider_arn : aws_iam_openid_connect_provider.github["this"].arn

  managed = merge([
    for key, role in var.roles : { for arn in role.managed_policy_arns : "${key}/${arn}" => { role = key, arn = arn } }
  ]...)
}

resource "aws_iam_openid_connect_provider" "github" {
  for_each = var.provider_arn == null ? toset(["this"]) : toset([])

  url            = "https://${local.host}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "this" {
  for_each = var.roles

  name                 = "${var.name}-github-${each.key}"
  description          = "GitHub Actions: ${each.value.repository}, environment ${each.value.environment}"
  max_session_duration = each.value.max_session_seconds

  # Repository and environment, compared letter by letter: with StringLike, or without the environment, any branch of the
  # repository could take the role past the reviewers.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider_arn }
      Condition = {
        StringEquals = {
          "${local.host}:aud" = "sts.amazonaws.com"
          "${local.host}:sub" = "repo:${each.value.repository}:environment:${each.value.environment}"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "machines" {
  for_each = { for key, role in var.roles : key => role if length(role.machine_arns) > 0 }

  name = "machines"
  role = aws_iam_role.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        { Effect = "Allow", Action = ["states:StartExecution", "states:DescribeStateMachine", "states:ListExecutions"], Resource = each.value.machine_arns },
        {
          Effect   = "Allow"
          Action   = ["states:DescribeExecution", "states:GetExecutionHistory", "states:StopExecution"]
          Resource = [for arn in each.value.machine_arns : "${replace(arn, ":stateMachine:", ":execution:")}:*"]
        },
      ],
      # A task token belongs to no resource that a policy could name: who holds the token of a state may answer it. It is in the
      # journal, which the role reads anyway.
      each.value.approves ? [{ Effect = "Allow", Action = ["states:SendTaskSuccess", "states:SendTaskFailure"], Resource = "*" }] : [],
      # Inputs and histories are encrypted: who may see them needs the key.
      length(each.value.kms_key_arns) == 0 ? [] : [{ Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = each.value.kms_key_arns }],
    )
  })
}

# What `crossover run`, `status` and their like read: both state machines, because another run of the lane may be under way in
# either, the journal, the secret of the edge's admin API, and the state of the streams. A database's password is never read.
resource "aws_iam_role_policy" "reads" {
  for_each = { for key, role in var.roles : key => role.reads if role.reads != null }

  name = "reads"
  role = aws_iam_role.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["states:DescribeStateMachine", "states:ListExecutions"], Resource = each.value.machine_arns },
      {
        Effect   = "Allow"
        Action   = ["states:DescribeExecution", "states:DescribeStateMachineForExecution", "states:GetExecutionHistory"]
        Resource = [for arn in each.value.machine_arns : "${replace(arn, ":stateMachine:", ":execution:")}:*"]
      },
      { Effect = "Allow", Action = "dynamodb:Query", Resource = each.value.journal_arn },
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = each.value.edge_secret_arn },
      { Effect = "Allow", Action = "secretsmanager:DescribeSecret", Resource = each.value.secret_arns },
      # DMS has no resource for this action.
      { Effect = "Allow", Action = "dms:DescribeReplicationTasks", Resource = "*" },
    ]
  })
}

resource "aws_iam_role_policy" "own" {
  for_each = { for key, role in var.roles : key => role.policy if role.policy != null }

  name   = "own"
  role   = aws_iam_role.this[each.key].id
  policy = each.value
}

resource "aws_iam_role_policy_attachment" "managed" {
  for_each = local.managed

  role       = aws_iam_role.this[each.value.role].name
  policy_arn = each.value.arn
}

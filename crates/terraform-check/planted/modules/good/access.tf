resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:${var.repository}:environment:prod-cutover"]
    }
  }
}

resource "aws_iam_role" "cutover" {
  name               = "${var.name}-cutover"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

# The same trust, as JSON.
resource "aws_iam_role" "plan" {
  name = "${var.name}-plan"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:${var.repository}:environment:plan"
        }
      }
    }]
  })
}

data "aws_iam_policy_document" "cutover" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.owner.arn]
  }

  statement {
    actions = ["cloudwatch:GetMetricData"]
    # GetMetricData knows no resources: IAM permits "*" only.
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "cutover" {
  name   = "cutover"
  role   = aws_iam_role.cutover.id
  policy = data.aws_iam_policy_document.cutover.json
}

resource "aws_iam_role_policy" "start" {
  name = "start"
  role = aws_iam_role.cutover.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "states:StartExecution"
      Resource = aws_sfn_state_machine.cutover.arn
    }]
  })
}

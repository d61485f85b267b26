data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.id

  # Three keys, because three kinds of people need to decrypt: who runs a cutover (secrets), who operates databases
  # (data), who reads logs and notices (logs). A service is listed only where it encrypts on its own behalf.
  keys = {
    secrets = { purpose = "secrets of databases and of the edge", services = [] }
    data    = { purpose = "databases, journal, replication storage, Kafka", services = [] }
    logs = {
      purpose = "log groups, notices, execution histories"
      services = [
        "logs.${local.region}.amazonaws.com", "delivery.logs.amazonaws.com", "cloudwatch.amazonaws.com",
        "events.amazonaws.com", "dms.amazonaws.com",
      ]
    }
  }
}

resource "aws_kms_key" "this" {
  for_each = local.keys

  description             = "Crossover ${var.name}: ${each.value.purpose}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        # The account's own policies decide who may use the key. Without this statement nobody could ever change it again.
        Sid       = "AccountDecidesThroughIam"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      }],
      length(each.value.services) == 0 ? [] : [{
        Sid       = "ServicesOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = each.value.services }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"]
        Resource  = "*"
        # CloudWatch Logs sends no source account when it encrypts a log group, but it names the log group.
        Condition = { StringEqualsIfExists = { "aws:SourceAccount" = local.account } }
      }],
    )
  })
}

resource "aws_kms_alias" "this" {
  for_each = local.keys

  name          = "alias/${var.name}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # Replication instances exist only where something is migrated: without them no subnet group and no roles.
  any = length(var.instances) > 0 || length(var.serverless) > 0 ? toset(["this"]) : toset([])

  service_roles = var.create_service_roles && length(local.any) > 0 ? {
    dms-vpc-role             = "AmazonDMSVPCManagementRole"
    dms-cloudwatch-logs-role = "AmazonDMSCloudWatchLogsRole"
  } : {}
}

# The names are DMS's own.
resource "aws_iam_role" "service" {
  for_each = local.service_roles

  name = each.key
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "dms.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy_attachment" "service" {
  for_each = local.service_roles

  role       = aws_iam_role.service[each.key].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/${each.value}"
}

resource "aws_dms_replication_subnet_group" "this" {
  for_each = local.any

  replication_subnet_group_id          = "${var.name}-dms"
  replication_subnet_group_description = "Private subnets of the Crossover environment ${var.name}"
  subnet_ids                           = var.subnet_ids

  # DMS refuses a subnet group until dms-vpc-role works.
  depends_on = [aws_iam_role_policy_attachment.service]
}

resource "aws_dms_replication_instance" "this" {
  #checkov:skip=CKV_AWS_222:an upgrade restarts every task, so a person chooses when
  for_each = var.instances

  replication_instance_id      = "${var.name}-${each.key}"
  replication_instance_class   = each.value.class
  allocated_storage            = each.value.storage_gb
  engine_version               = each.value.engine_version
  multi_az                     = each.value.multi_az
  publicly_accessible          = false
  kms_key_arn                  = var.kms_key_arn
  replication_subnet_group_id  = aws_dms_replication_subnet_group.this["this"].id
  vpc_security_group_ids       = var.security_group_ids
  preferred_maintenance_window = each.value.maintenance_window

  # An upgrade restarts every task: only by hand, and never at once.
  auto_minor_version_upgrade  = false
  allow_major_version_upgrade = each.value.allow_major_upgrade
  apply_immediately           = false

  depends_on = [aws_iam_role_policy_attachment.service]
}

# DMS would create the group itself, without retention and key.
resource "aws_cloudwatch_log_group" "tasks" {
  #checkov:skip=CKV_AWS_338:a year by default; dev keeps two weeks, because it has no real data
  for_each = var.instances

  name              = "dms-tasks-${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_dms_certificate" "this" {
  for_each = var.certificates

  certificate_id  = "${var.name}-${each.key}"
  certificate_pem = each.value
}

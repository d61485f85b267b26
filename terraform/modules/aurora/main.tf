locals {
  # Both directions: the target is read by reverse replication, so it needs logical decoding from the start. Turning it on
  # later costs a restart in the middle of a migration.
  parameters = {
    "rds.logical_replication"         = { value = "1", apply = "pending-reboot" }
    "max_replication_slots"           = { value = "20", apply = "pending-reboot" } # PG02
    "max_wal_senders"                 = { value = "25", apply = "pending-reboot" } # PG03: one per slot, and some to spare
    "max_logical_replication_workers" = { value = "20", apply = "pending-reboot" }
    "max_worker_processes"            = { value = "32", apply = "pending-reboot" }
    "shared_preload_libraries"        = { value = "pg_stat_statements", apply = "pending-reboot" }
    "wal_sender_timeout"              = { value = "30000", apply = "immediate" } # PG04: 10 s to 5 min
    "rds.force_ssl"                   = { value = "1", apply = "immediate" }     # NW01
  }

  instances = merge([
    for key, cluster in var.clusters : {
      for name, instance in cluster.instances : "${key}/${name}" => merge(instance, { cluster = key, name = name, class = coalesce(instance.class, "db.serverless") })
    }
  ]...)

  monitored = var.monitoring_interval_seconds > 0 && length(var.clusters) > 0 ? toset(["this"]) : toset([])
}

resource "aws_db_subnet_group" "this" {
  for_each = length(var.clusters) > 0 ? toset(["this"]) : toset([])

  name        = "${var.name}-aurora"
  description = "Private subnets of the Crossover environment ${var.name}"
  subnet_ids  = var.subnet_ids
}

resource "aws_rds_cluster_parameter_group" "this" {
  for_each = var.clusters

  name        = "${var.name}-${each.key}-pg${split(".", each.value.engine_version)[0]}"
  family      = "aurora-postgresql${split(".", each.value.engine_version)[0]}"
  description = "Logical replication in both directions"

  dynamic "parameter" {
    for_each = merge(local.parameters, { for name, value in each.value.parameters : name => { value = value, apply = "pending-reboot" } })

    content {
      name         = parameter.key
      value        = parameter.value.value
      apply_method = parameter.value.apply
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_rds_cluster" "this" {
  #checkov:skip=CKV_AWS_133:backups are kept for the days that each cluster names, 14 by default and never none
  #checkov:skip=CKV_AWS_139:on, unless the environment says allow_delete, which nobody sets by mistake
  #checkov:skip=CKV_AWS_324:exported by default; dev exports nothing, because it has no real data
  #checkov:skip=CKV2_AWS_8:point-in-time recovery is what docs/backup.md restores from; a second plan would be a second truth
  #checkov:skip=CKV2_AWS_27:statements carry personal data of the application, which has no place in a log
  for_each = var.clusters

  cluster_identifier = "${var.name}-${each.key}"
  engine             = "aurora-postgresql"
  engine_mode        = "provisioned" # Serverless v2 is provisioned, too; only its instances differ
  engine_version     = each.value.engine_version
  database_name      = each.value.database_name

  # RDS makes, stores and rotates the master password: Terraform never sees it.
  master_username               = var.master_username
  manage_master_user_password   = true
  master_user_secret_kms_key_id = var.secrets_key_arn

  iam_database_authentication_enabled = true

  db_subnet_group_name            = aws_db_subnet_group.this["this"].name
  vpc_security_group_ids          = var.security_group_ids
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this[each.key].name

  storage_encrypted = true
  kms_key_id        = var.kms_key_arn

  # Undoing a mistake: Aurora PostgreSQL has no backtrack, so it is point-in-time recovery into a new cluster,
  # and a cluster that cannot be deleted by mistake.
  backup_retention_period   = each.value.backup_retention_days
  preferred_backup_window   = each.value.backup_window
  copy_tags_to_snapshot     = true
  delete_automated_backups  = var.skip_final_snapshot
  deletion_protection       = !var.allow_delete
  skip_final_snapshot       = var.skip_final_snapshot
  final_snapshot_identifier = "${var.name}-${each.key}-final"

  # Nothing restarts by itself while a lane moves (pre-check AC03).
  preferred_maintenance_window = each.value.maintenance_window
  apply_immediately            = false
  allow_major_version_upgrade  = false

  enabled_cloudwatch_logs_exports = var.log_exports

  dynamic "serverlessv2_scaling_configuration" {
    for_each = each.value.serverless == null ? [] : [each.value.serverless]

    content {
      min_capacity = serverlessv2_scaling_configuration.value.min_acu
      max_capacity = serverlessv2_scaling_configuration.value.max_acu
    }
  }

  lifecycle {
    ignore_changes = [
      # Aurora chooses three zones and reports them; a difference would replace the cluster.
      availability_zones,
      # Written once. Terraform must not replace a database because of it.
      database_name,
    ]
  }
}

resource "aws_rds_cluster_instance" "this" {
  #checkov:skip=CKV_AWS_118:on by default, every 15 s; dev has nothing to observe
  #checkov:skip=CKV_AWS_226:an upgrade restarts the writer, so a person chooses when (pre-check AC03)
  #checkov:skip=CKV_AWS_353:on by default; dev has nothing to observe
  for_each = local.instances

  identifier         = "${var.name}-${each.value.cluster}-${each.value.name}"
  cluster_identifier = aws_rds_cluster.this[each.value.cluster].id
  engine             = "aurora-postgresql"
  instance_class     = each.value.class
  promotion_tier     = each.value.promotion_tier

  db_subnet_group_name         = aws_db_subnet_group.this["this"].name
  publicly_accessible          = false
  auto_minor_version_upgrade   = false
  apply_immediately            = false
  ca_cert_identifier           = "rds-ca-rsa2048-g1"
  copy_tags_to_snapshot        = true
  preferred_maintenance_window = var.clusters[each.value.cluster].maintenance_window

  monitoring_interval             = var.monitoring_interval_seconds
  monitoring_role_arn             = one([for role in aws_iam_role.monitoring : role.arn])
  performance_insights_enabled    = var.performance_insights
  performance_insights_kms_key_id = var.performance_insights ? var.kms_key_arn : null
}

resource "aws_iam_role" "monitoring" {
  for_each = local.monitored

  name = "${var.name}-rds-monitoring"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "monitoring.rds.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  for_each = local.monitored

  role       = aws_iam_role.monitoring[each.key].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

data "aws_partition" "current" {}

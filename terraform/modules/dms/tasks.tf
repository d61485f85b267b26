# Tasks are created and never started here: an apply must not move data. And an apply never changes a task that exists,
# because DMS stops a running task for that: see README.md.

locals {
  # One file, read by the Rust adapter (include_str!) and here.
  task_settings = jsondecode(file("${path.module}/../../../crates/aws/src/task_settings.json"))

  # Only the forward task loads rows. The target's tables exist, with keys and constraints (TG03): DMS's own default would
  # drop them.
  load_settings = {
    FullLoadSettings = {
      TargetTablePrepMode          = "DO_NOTHING"
      CreatePkAfterFullLoad        = false
      StopTaskCachedChangesApplied = false
      MaxFullLoadSubTasks          = 8
    }
  }

  # As crates/aws/src/table_mappings.rs writes them; the catch-up marker travels in every task (DM10).
  mappings = {
    for id, m in var.migrations : id => jsonencode({
      rules = [
        for index, table in concat(m.tables, ["${local.own_schema}.catch_up_marker"]) : {
          "rule-type"      = "selection"
          "rule-id"        = tostring(index + 1)
          "rule-name"      = tostring(index + 1)
          "object-locator" = { "schema-name" = split(".", table)[0], "table-name" = split(".", table)[1] }
          "rule-action"    = "explicit"
        }
      ]
    })
  }
}

resource "aws_dms_replication_task" "forward" {
  for_each = var.migrations

  replication_task_id       = "${var.name}-${each.key}-forward"
  migration_type            = "full-load-and-cdc"
  replication_instance_arn  = aws_dms_replication_instance.this[each.value.instance].replication_instance_arn
  source_endpoint_arn       = aws_dms_endpoint.this["${each.key}/source-read"].endpoint_arn
  target_endpoint_arn       = aws_dms_endpoint.this["${each.key}/target-write"].endpoint_arn
  table_mappings            = local.mappings[each.key]
  replication_task_settings = jsonencode(merge(local.task_settings, local.load_settings))
  start_replication_task    = false

  lifecycle {
    ignore_changes = [table_mappings, replication_task_settings, cdc_start_position, cdc_start_time]
  }
}

# The two ways back. They are prepared here; a run starts them at the position that it has recorded, and makes them again where
# an abort has removed them (crates/aws/src/dms.rs).
resource "aws_dms_replication_task" "reverse" {
  for_each = var.migrations

  replication_task_id       = "${var.name}-${each.key}-reverse"
  migration_type            = "cdc"
  replication_instance_arn  = aws_dms_replication_instance.this[each.value.instance].replication_instance_arn
  source_endpoint_arn       = aws_dms_endpoint.this["${each.key}/target-read"].endpoint_arn
  target_endpoint_arn       = aws_dms_endpoint.this["${each.key}/source-write"].endpoint_arn
  table_mappings            = local.mappings[each.key]
  replication_task_settings = jsonencode(local.task_settings)
  start_replication_task    = false

  lifecycle {
    ignore_changes = [table_mappings, replication_task_settings, cdc_start_position, cdc_start_time]
  }
}

resource "aws_dms_replication_task" "post_rollback" {
  for_each = var.migrations

  replication_task_id       = "${var.name}-${each.key}-post-rollback"
  migration_type            = "cdc"
  replication_instance_arn  = aws_dms_replication_instance.this[each.value.instance].replication_instance_arn
  source_endpoint_arn       = aws_dms_endpoint.this["${each.key}/source-again"].endpoint_arn
  target_endpoint_arn       = aws_dms_endpoint.this["${each.key}/target-write"].endpoint_arn
  table_mappings            = local.mappings[each.key]
  replication_task_settings = jsonencode(local.task_settings)
  start_replication_task    = false

  lifecycle {
    # A task that a run has made reads through source-read, with the slot set there.
    ignore_changes = [table_mappings, replication_task_settings, cdc_start_position, cdc_start_time, source_endpoint_arn]
  }
}

resource "aws_dms_replication_config" "serverless" {
  for_each = var.serverless

  replication_config_identifier = "${var.name}-${each.key}"
  replication_type              = "full-load-and-cdc"
  source_endpoint_arn           = aws_dms_endpoint.this["${each.value.migration}/source-read"].endpoint_arn
  target_endpoint_arn           = aws_dms_endpoint.this["${each.value.migration}/target-write"].endpoint_arn
  table_mappings                = local.mappings[each.value.migration]
  replication_settings          = jsonencode(merge(local.task_settings, local.load_settings))
  start_replication             = false

  compute_config {
    replication_subnet_group_id = aws_dms_replication_subnet_group.this["this"].id
    vpc_security_group_ids      = var.security_group_ids
    kms_key_id                  = var.kms_key_arn
    min_capacity_units          = each.value.min_capacity
    max_capacity_units          = each.value.max_capacity
    multi_az                    = each.value.multi_az
  }
}

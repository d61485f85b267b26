# An endpoint of DMS has one direction, and the replication slot is a setting of the endpoint that reads. Each stream of a
# migration therefore reads through an endpoint of its own:
#
#   source-read     forward stream; DMS makes the slot itself, for it also loads the existing rows
#   target-write    forward and post-rollback streams
#   target-read     reverse stream, from the slot that the stage reverse-sync makes before the pause
#   source-write    reverse stream
#   source-again    post-rollback stream, from the slot that reverse-sync makes before a rollback
#
# The slots' names are those of Plan::reverse_position (crates/core/src/plan.rs).

locals {
  endpoints = merge([
    for id, m in var.migrations : {
      "${id}/source-read"  = { migration = id, database = m.source, reads = true, slot = null }
      "${id}/source-write" = { migration = id, database = m.source, reads = false, slot = null }
      "${id}/source-again" = { migration = id, database = m.source, reads = true, slot = "crossover_${replace(id, "-", "_")}_forward" }
      "${id}/target-read"  = { migration = id, database = m.target, reads = true, slot = "crossover_${replace(id, "-", "_")}_reverse" }
      "${id}/target-write" = { migration = id, database = m.target, reads = false, slot = null }
    }
  ]...)

  # Crossover's own schema: outside of every plan's scope, so DMS's heartbeat table is no difference between the sides.
  own_schema = "crossover"
}

resource "aws_iam_role" "secrets" {
  for_each = var.migrations

  name        = "${var.name}-dms-${each.key}"
  description = "DMS reads the secrets of the migration ${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = "sts:AssumeRole"
      # For secrets DMS acts under the name of its region.
      Principal = { Service = "dms.${data.aws_region.current.id}.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "secrets" {
  for_each = var.migrations

  name = "secrets"
  role = aws_iam_role.secrets[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
        Resource = [for side in [each.value.source, each.value.target] : var.databases[side].secret_arn]
      },
      {
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:DescribeKey"]
        Resource = distinct([for side in [each.value.source, each.value.target] : var.databases[side].secret_key_arn])
      },
    ]
  })
}

resource "aws_dms_endpoint" "this" {
  for_each = local.endpoints

  endpoint_id   = "${var.name}-${replace(each.key, "/", "-")}"
  endpoint_type = each.value.reads ? "source" : "target"
  engine_name   = "postgres"
  database_name = var.databases[each.value.database].database_name
  kms_key_arn   = var.kms_key_arn

  secrets_manager_arn             = var.databases[each.value.database].secret_arn
  secrets_manager_access_role_arn = aws_iam_role.secrets[each.value.migration].arn

  ssl_mode        = "verify-full"
  certificate_arn = aws_dms_certificate.this[var.databases[each.value.database].certificate].certificate_arn

  postgres_settings {
    # In what reads. No DDL capture: it would put a table and a trigger into the application's schema (TG03, PG31). The
    # heartbeat keeps a slot moving while nobody writes (DM07).
    capture_ddls                 = each.value.reads ? false : null
    plugin_name                  = each.value.reads ? { test_decoding = "test-decoding", pglogical = "pglogical" }[var.migrations[each.value.migration].slot_plugin] : null
    slot_name                    = each.value.slot
    heartbeat_enable             = each.value.reads ? true : null
    heartbeat_schema             = each.value.reads ? local.own_schema : null
    heartbeat_frequency          = each.value.reads ? 1 : null
    fail_tasks_on_lob_truncation = each.value.reads ? true : null

    # In what writes. Triggers and foreign keys must not act a second time on replicated rows (TG06, PG30).
    after_connect_script = each.value.reads ? null : "SET session_replication_role = 'replica'"

    # Otherwise a boolean travels as text.
    map_boolean_as_boolean = true
  }

  lifecycle {
    # The stage reverse-sync sets the slot when a run needs another one. Setting it back would take the slot away from a
    # stream that runs.
    ignore_changes = [postgres_settings[0].slot_name]
  }

  depends_on = [aws_iam_role_policy.secrets]
}

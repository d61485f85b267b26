resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:rotation_function_arn turns it on where the account has such a function; never during a run (pre-check AC01)
  for_each = var.secrets

  name        = "${var.prefix}/${each.key}"
  description = each.value.description
  kms_key_id  = var.kms_key_arn

  # A secret that waits for its deletion keeps its name: an environment that is deleted on purpose could not be
  # created again for 30 days.
  recovery_window_in_days = var.allow_delete ? 0 : 30
}

resource "aws_secretsmanager_secret_version" "this" {
  for_each = { for key, secret in var.secrets : key => secret if secret.value_version != null }

  secret_id = aws_secretsmanager_secret.this[each.key].id

  # Write-only: Terraform sends the value and forgets it.
  secret_string_wo         = var.values[each.key]
  secret_string_wo_version = each.value.value_version
}

resource "aws_secretsmanager_secret_rotation" "this" {
  #checkov:skip=CKV_AWS_304:the days are those of each secret, 30 by default
  for_each = { for key, secret in var.secrets : key => secret if secret.rotation_function_arn != null }

  secret_id           = aws_secretsmanager_secret.this[each.key].id
  rotation_lambda_arn = each.value.rotation_function_arn

  # Not now: a rotation between two states of a run would end the functions' connections (pre-check AC01).
  rotate_immediately = false

  rotation_rules {
    automatically_after_days = each.value.rotation_days
  }
}

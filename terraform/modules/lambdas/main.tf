locals {
  # One list of stages for functions, roles and alarms. A test of crates/contracts holds it against the registry of stages.
  permissions = jsondecode(file("${path.module}/permissions.json"))
  stages      = toset(keys(local.permissions.stages))

  # A function ends before the state that calls it (TimeoutSeconds in statemachine/*.asl.json): otherwise a retry would
  # run beside the call before it.
  defaults = {
    pre-check        = { memory_mb = 256, timeout_seconds = 300 }
    lag-wait         = { memory_mb = 256, timeout_seconds = 900 }
    validate         = { memory_mb = 1024, timeout_seconds = 900 }
    approval         = { memory_mb = 256, timeout_seconds = 60 }
    reverse-sync     = { memory_mb = 256, timeout_seconds = 600 }
    connection-drain = { memory_mb = 512, timeout_seconds = 30 }
    final-sync       = { memory_mb = 512, timeout_seconds = 30 }
    abort            = { memory_mb = 256, timeout_seconds = 600 }
    rollback         = { memory_mb = 256, timeout_seconds = 300 }
    complete         = { memory_mb = 256, timeout_seconds = 600 }
  }
}

resource "aws_cloudwatch_log_group" "stage" {
  for_each = local.stages

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_lambda_function" "stage" {
  #checkov:skip=CKV_AWS_116:the state machine waits for every answer, so no event can be lost between them
  #checkov:skip=CKV_AWS_173:the variables name a table, a topic and a level: no secret; encrypted by the key of Lambda
  #checkov:skip=CKV_AWS_272:the package is accepted by the attestation of its build, which says the commit too (deploy.yml)
  for_each = local.stages

  function_name = "${var.name}-${each.key}"
  description   = "Crossover stage ${each.key} (docs/stages.md)"
  role          = aws_iam_role.stage[each.key].arn

  # The handler names the stage: one program serves all of them.
  runtime          = "provided.al2023"
  handler          = each.key
  architectures    = [var.architecture]
  filename         = try(var.packages[each.key], var.package)
  source_code_hash = filebase64sha256(try(var.packages[each.key], var.package))
  publish          = true

  memory_size = coalesce(try(var.settings[each.key].memory_mb, null), local.defaults[each.key].memory_mb)
  timeout     = coalesce(try(var.settings[each.key].timeout_seconds, null), local.defaults[each.key].timeout_seconds)

  reserved_concurrent_executions = try(var.reserved_concurrency[each.key], -1)

  environment {
    variables = merge(var.environment, {
      CROSSOVER_JOURNAL_TABLE    = var.journal.name
      CROSSOVER_NOTICE_TOPIC_ARN = var.notices.topic_arn
      CROSSOVER_LOG              = var.log_level
    })
  }

  vpc_config {
    subnet_ids         = var.vpc.subnet_ids
    security_group_ids = var.vpc.security_group_ids
  }

  # The level is decided by CROSSOVER_LOG alone: a second filter here would drop lines that someone asked for.
  logging_config {
    log_format            = "JSON"
    application_log_level = "TRACE"
    system_log_level      = "INFO"
    log_group             = aws_cloudwatch_log_group.stage[each.key].name
  }

  # Where the time of a pause went.
  tracing_config {
    mode = "Active"
  }

  lifecycle {
    precondition {
      condition     = contains(keys(local.defaults), each.key)
      error_message = "The stage ${each.key} of permissions.json has no memory and time limit: add it to local.defaults in modules/lambdas/main.tf."
    }
  }

  # The first call must find its permissions in place.
  depends_on = [aws_iam_role_policy.stage, aws_iam_role_policy.runtime]
}

# State machines call the alias, so a run that is under way finds a function of the version that it began with as long as
# nobody moves the alias, and going back is one change of the alias.
resource "aws_lambda_alias" "live" {
  for_each = local.stages

  name             = "live"
  description      = "The version that state machines call"
  function_name    = aws_lambda_function.stage[each.key].function_name
  function_version = aws_lambda_function.stage[each.key].version
}

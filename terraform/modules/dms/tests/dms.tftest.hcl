mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name               = "crossover"
  subnet_ids         = ["subnet-1", "subnet-2"]
  security_group_ids = ["sg-1"]
  kms_key_arn        = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  logs_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-666666666666"
  instances          = { main = { class = "dms.r6i.large" } }
  certificates       = { rds = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" }
  databases = {
    source = {
      secret_arn     = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/source-AbCdEf"
      secret_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-777777777777"
      database_name  = "shop"
      certificate    = "rds"
    }
    target = {
      secret_arn     = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/target-AbCdEf"
      secret_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-777777777777"
      database_name  = "shop"
      certificate    = "rds"
    }
  }
  migrations = {
    shop-eu = { source = "source", target = "target", instance = "main", tables = ["shop.orders", "shop.order_items"] }
  }
}

run "three_streams_that_do_not_start" {
  command = apply

  assert {
    condition     = alltrue([for t in concat(values(aws_dms_replication_task.forward), values(aws_dms_replication_task.reverse), values(aws_dms_replication_task.post_rollback)) : !t.start_replication_task])
    error_message = "a task would start"
  }
  assert {
    condition     = alltrue([for e in aws_dms_endpoint.this : e.ssl_mode == "verify-full" && e.certificate_arn != null && e.username == null && e.password == null && e.server_name == null])
    error_message = "TLS verify-full, and nothing but a reference to the secret"
  }
  assert {
    condition     = jsondecode(aws_dms_replication_task.reverse["shop-eu"].replication_task_settings).ErrorBehavior.DataErrorPolicy == "STOP_TASK" && jsondecode(aws_dms_replication_task.reverse["shop-eu"].replication_task_settings) == jsondecode(file("../../../crates/aws/src/task_settings.json"))
    error_message = "the settings of crates/aws"
  }
  assert {
    condition     = jsondecode(aws_dms_replication_task.forward["shop-eu"].replication_task_settings).FullLoadSettings.TargetTablePrepMode == "DO_NOTHING" && !jsondecode(aws_dms_replication_task.forward["shop-eu"].replication_task_settings).TargetMetadata.BatchApplyEnabled
    error_message = "the forward task would drop tables or apply in batches"
  }
  assert {
    condition     = [for r in jsondecode(aws_dms_replication_task.forward["shop-eu"].table_mappings).rules : "${r["rule-id"]} ${r["object-locator"]["schema-name"]}.${r["object-locator"]["table-name"]} ${r["rule-action"]}"] == ["1 shop.orders explicit", "2 shop.order_items explicit", "3 crossover.catch_up_marker explicit"]
    error_message = "the mappings of crates/aws/src/table_mappings.rs, marker included"
  }
  assert {
    condition     = aws_dms_endpoint.this["shop-eu/target-read"].postgres_settings[0].slot_name == "crossover_shop_eu_reverse" && aws_dms_endpoint.this["shop-eu/source-again"].postgres_settings[0].slot_name == "crossover_shop_eu_forward"
    error_message = "the slots of Plan::reverse_position"
  }
  assert {
    condition     = alltrue([for k, e in aws_dms_endpoint.this : !e.postgres_settings[0].capture_ddls && e.postgres_settings[0].heartbeat_enable && e.postgres_settings[0].heartbeat_schema == "crossover" if e.endpoint_type == "source"])
    error_message = "what reads: no DDL capture, heartbeat in our schema"
  }
  assert {
    condition     = output.plans["shop-eu"].reverse_task == "crossover-shop-eu-reverse" && toset(keys(output.plans["shop-eu"])) == toset(["engine", "forward_task", "reverse_task", "post_rollback_task", "replication_instance_arn", "source_endpoints", "target_endpoints", "slot_plugin"])
    error_message = "the fields of DmsSettings"
  }
  assert {
    condition     = output.streams["shop-eu/reverse"].metric_id == "CROSSOVER"
    error_message = "the metric's dimension is the end of the ARN"
  }
}

run "one_more_tenant_and_endpoint_change_no_existing_task" {
  command = plan
  variables {
    instances = { main = { class = "dms.r6i.large" }, another = { class = "dms.r6i.xlarge" } }
    databases = {
      source = {
        secret_arn     = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/source-AbCdEf"
        secret_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-777777777777"
        database_name  = "shop"
        certificate    = "rds"
      }
      target = {
        secret_arn     = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/target-AbCdEf"
        secret_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-777777777777"
        database_name  = "shop"
        certificate    = "rds"
      }
      # Sorted before the others: a list would renumber everything behind it.
      apac = {
        secret_arn     = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/apac-AbCdEf"
        secret_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-777777777777"
        database_name  = "shop"
        certificate    = "rds"
      }
    }
    migrations = {
      shop-apac = { source = "source", target = "apac", instance = "another", tables = ["shop.orders"] }
      # The tables change, too: an apply must not stop the task for that.
      shop-eu = { source = "source", target = "target", instance = "main", tables = ["shop.refunds", "shop.orders", "shop.order_items"] }
    }
  }
  assert {
    # Known at plan time, and as before, only if nothing of it is created, replaced or changed.
    condition     = output.plans["shop-eu"] == run.three_streams_that_do_not_start.plans["shop-eu"]
    error_message = "endpoints or tasks that exist would be replaced"
  }
  assert {
    condition     = alltrue([for s in ["forward", "reverse", "post-rollback"] : output.streams["shop-eu/${s}"] == run.three_streams_that_do_not_start.streams["shop-eu/${s}"]])
    error_message = "a task that exists would be replaced"
  }
  assert {
    condition     = !strcontains(aws_dms_replication_task.forward["shop-eu"].table_mappings, "refunds") && strcontains(aws_dms_replication_task.forward["shop-apac"].table_mappings, "orders")
    error_message = "an apply would stop a task that runs"
  }
}

run "nothing_to_migrate" {
  command = plan
  variables {
    instances    = {}
    databases    = {}
    migrations   = {}
    certificates = {}
  }
  assert {
    condition     = length(aws_dms_replication_subnet_group.this) == 0 && length(aws_iam_role.service) == 0
    error_message = "something is left"
  }
}

run "a_database_without_an_authority" {
  command = plan
  variables {
    certificates = {}
    migrations   = {}
  }
  expect_failures = [var.databases]
}

run "a_table_with_a_wildcard" {
  command = plan
  variables {
    migrations = { shop-eu = { source = "source", target = "target", instance = "main", tables = ["shop.%"] } }
  }
  expect_failures = [var.migrations]
}

run "a_migration_onto_itself" {
  command = plan
  variables {
    migrations = { shop-eu = { source = "source", target = "source", instance = "main", tables = ["shop.orders"] } }
  }
  expect_failures = [var.migrations]
}

run "a_class_of_rds" {
  command = plan
  variables {
    instances = { main = { class = "db.r6i.large" } }
  }
  expect_failures = [var.instances]
}

run "a_serverless_replication_without_an_end" {
  command = plan
  variables {
    serverless = { bulk = { migration = "shop-eu", max_capacity = 3 } }
  }
  expect_failures = [var.serverless]
}

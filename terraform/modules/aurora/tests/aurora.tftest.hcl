mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name               = "crossover"
  subnet_ids         = ["subnet-1", "subnet-2"]
  security_group_ids = ["sg-1"]
  kms_key_arn        = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  secrets_key_arn    = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-777777777777"
  clusters = {
    main = { database_name = "shop", serverless = { min_acu = 0.5, max_acu = 8 }, instances = { a = {}, b = {} } }
  }
}

run "a_target_that_can_be_left_again" {
  command = apply

  assert {
    condition     = contains([for p in aws_rds_cluster_parameter_group.this["main"].parameter : "${p.name}=${p.value} ${p.apply_method}"], "rds.logical_replication=1 pending-reboot")
    error_message = "reverse replication needs logical decoding (PG01, TG08)"
  }
  assert {
    condition     = contains([for p in aws_rds_cluster_parameter_group.this["main"].parameter : "${p.name}=${p.value}"], "rds.force_ssl=1")
    error_message = "TLS only (NW01)"
  }
  assert {
    condition     = aws_rds_cluster.this["main"].deletion_protection && !aws_rds_cluster.this["main"].skip_final_snapshot && aws_rds_cluster.this["main"].backup_retention_period == 14
    error_message = "protection against mistakes"
  }
  assert {
    condition     = aws_rds_cluster.this["main"].iam_database_authentication_enabled && aws_rds_cluster.this["main"].storage_encrypted && aws_rds_cluster.this["main"].manage_master_user_password && aws_rds_cluster.this["main"].master_password == null
    error_message = "IAM authentication, encryption, no password of ours"
  }
  assert {
    condition     = alltrue([for i in aws_rds_cluster_instance.this : i.instance_class == "db.serverless" && !i.auto_minor_version_upgrade && !i.publicly_accessible])
    error_message = "instances of Serverless v2 that do not restart by themselves"
  }
}

run "one_more_region_changes_no_existing_cluster" {
  command = plan
  variables {
    clusters = {
      main = { database_name = "shop", serverless = { min_acu = 0.5, max_acu = 8 }, instances = { a = {}, b = {} } }
      apac = { database_name = "shop", instances = { a = { class = "db.r7g.large" } } }
    }
  }
  assert {
    # Known at plan time only if the cluster is neither replaced nor created.
    condition     = output.endpoints["main"] == run.a_target_that_can_be_left_again.endpoints["main"] && output.cluster_arns["main"] == run.a_target_that_can_be_left_again.cluster_arns["main"]
    error_message = "the existing cluster would be replaced"
  }
  assert {
    condition     = toset(keys(aws_rds_cluster_instance.this)) == toset(["main/a", "main/b", "apac/a"]) && aws_rds_cluster_instance.this["apac/a"].instance_class == "db.r7g.large"
    error_message = "keys of instances moved"
  }
}

run "no_cluster_at_all" {
  command = plan
  variables {
    clusters = {}
  }
  assert {
    condition     = length(aws_rds_cluster.this) == 0 && length(aws_db_subnet_group.this) == 0
    error_message = "something is left"
  }
}

run "provisioned_without_a_class" {
  command = plan
  variables {
    clusters = { main = { database_name = "shop", instances = { a = {} } } }
  }
  expect_failures = [var.clusters]
}

run "a_cluster_that_pauses" {
  command = plan
  variables {
    clusters = { main = { database_name = "shop", serverless = { min_acu = 0, max_acu = 8 }, instances = { a = {} } } }
  }
  expect_failures = [var.clusters]
}

run "logical_replication_turned_off" {
  command = plan
  variables {
    clusters = { main = { database_name = "shop", instances = { a = { class = "db.r7g.large" } }, parameters = { "rds.logical_replication" = "0" } } }
  }
  expect_failures = [var.clusters]
}

run "a_version_without_its_minor_part" {
  command = plan
  variables {
    clusters = { main = { engine_version = "17", database_name = "shop", instances = { a = { class = "db.r7g.large" } } } }
  }
  expect_failures = [var.clusters]
}

run "one_subnet" {
  command = plan
  variables {
    subnet_ids = ["subnet-1"]
  }
  expect_failures = [var.subnet_ids]
}

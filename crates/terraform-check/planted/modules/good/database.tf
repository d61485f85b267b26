resource "aws_kms_key" "data" {
  description         = "Data of ${var.name}"
  enable_key_rotation = true
}

resource "aws_db_subnet_group" "target" {
  name       = var.name
  subnet_ids = var.network.subnet_ids
}

resource "aws_rds_cluster" "target" {
  cluster_identifier                  = var.name
  engine                              = "aurora-postgresql"
  engine_version                      = "17.5"
  master_username                     = "owner"
  manage_master_user_password         = true
  db_subnet_group_name                = aws_db_subnet_group.target.name
  kms_key_id                          = aws_kms_key.data.arn
  storage_encrypted                   = true
  deletion_protection                 = true
  backup_retention_period             = 14
  iam_database_authentication_enabled = true
  final_snapshot_identifier           = "${var.name}-final"
}

resource "aws_rds_cluster_instance" "target" {
  cluster_identifier  = aws_rds_cluster.target.id
  engine              = aws_rds_cluster.target.engine
  instance_class      = "db.r8g.large"
  publicly_accessible = false
}

resource "aws_secretsmanager_secret" "owner" {
  name       = "${var.name}/owner"
  kms_key_id = aws_kms_key.data.arn
}

resource "aws_secretsmanager_secret_version" "owner" {
  secret_id                = aws_secretsmanager_secret.owner.id
  secret_string_wo         = jsonencode({ username = "owner", password = var.password })
  secret_string_wo_version = 1
}

resource "aws_dynamodb_table" "journal" {
  name                        = "${var.name}-journal"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "migration_id"
  deletion_protection_enabled = true

  attribute {
    name = "migration_id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  lifecycle {
    ignore_changes = [read_capacity]
  }
}

resource "aws_dms_endpoint" "this" {
  for_each = var.endpoints

  endpoint_id                     = "${var.name}-${each.key}"
  endpoint_type                   = each.key
  engine_name                     = each.value.engine
  database_name                   = "shop"
  secrets_manager_arn             = each.value.secret_arn
  secrets_manager_access_role_arn = aws_iam_role.cutover.arn
  ssl_mode                        = "verify-full"

  postgres_settings {
    plugin_name = "test-decoding"
  }
}

resource "aws_msk_cluster" "stream" {
  cluster_name           = var.name
  kafka_version          = "3.9.x"
  number_of_broker_nodes = 3

  broker_node_group_info {
    client_subnets  = var.network.subnet_ids
    instance_type   = "kafka.m7g.large"
    security_groups = [aws_security_group.database.id]
  }

  client_authentication {
    sasl {
      iam = true
    }
  }

  encryption_info {
    encryption_in_transit {
      client_broker = "TLS"
    }
  }
}

data "aws_region" "current" {}

locals {
  provisioned = { for key, cluster in var.clusters : key => cluster.provisioned if cluster.provisioned != null }
  serverless  = toset([for key, cluster in var.clusters : key if cluster.provisioned == null])

  cluster_arns = merge(
    { for key, cluster in aws_msk_cluster.this : key => cluster.arn },
    { for key, cluster in aws_msk_serverless_cluster.this : key => cluster.arn },
  )
  bootstrap = merge(
    { for key, cluster in aws_msk_cluster.this : key => cluster.bootstrap_brokers_sasl_iam },
    { for key, cluster in aws_msk_serverless_cluster.this : key => cluster.bootstrap_brokers_sasl_iam },
  )
}

resource "aws_cloudwatch_log_group" "brokers" {
  for_each = local.provisioned

  name              = "/${var.name}/msk/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_msk_configuration" "this" {
  for_each = local.provisioned

  name           = "${var.name}-${each.key}"
  kafka_versions = [each.value.kafka_version]

  # An acknowledged change is on two brokers; no topic appears by a typing error.
  server_properties = <<-TEXT
    auto.create.topics.enable=false
    default.replication.factor=${min(3, length(var.subnet_ids) * each.value.brokers_per_zone)}
    min.insync.replicas=2
    unclean.leader.election.enable=false
  TEXT
}

resource "aws_msk_cluster" "this" {
  for_each = local.provisioned

  cluster_name           = "${var.name}-${each.key}"
  kafka_version          = each.value.kafka_version
  number_of_broker_nodes = length(var.subnet_ids) * each.value.brokers_per_zone
  enhanced_monitoring    = "PER_TOPIC_PER_PARTITION" # lag of consumers in seconds

  broker_node_group_info {
    instance_type   = each.value.instance_type
    client_subnets  = var.subnet_ids
    security_groups = var.security_group_ids

    storage_info {
      ebs_storage_info {
        volume_size = each.value.volume_gb
      }
    }
  }

  client_authentication {
    unauthenticated = false

    sasl {
      iam = true
    }
  }

  configuration_info {
    arn      = aws_msk_configuration.this[each.key].arn
    revision = aws_msk_configuration.this[each.key].latest_revision
  }

  encryption_info {
    encryption_at_rest_kms_key_arn = var.kms_key_arn

    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }

  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.brokers[each.key].name
      }
    }
  }
}

resource "aws_msk_serverless_cluster" "this" {
  for_each = local.serverless

  cluster_name = "${var.name}-${each.key}"

  vpc_config {
    subnet_ids         = var.subnet_ids
    security_group_ids = var.security_group_ids
  }

  client_authentication {
    sasl {
      iam {
        enabled = true
      }
    }
  }
}

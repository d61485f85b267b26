locals {
  with_connect = length(var.connectors) > 0 ? toset(["this"]) : toset([])
  region       = data.aws_region.current.id

  # `$${...}` is resolved by the workers, so that no value is in the state. The secret's fields are those of every database's secret.
  secret = { for key, c in var.connectors : key => { for field in ["username", "password"] : field => "$${secretsmanager:${c.secret_arn}:${field}}" } }
  ca     = { for key, c in var.connectors : key => "$${s3import:${local.region}:${c.ca_object}}" }

  iam_client = {
    "security.protocol"                  = "SASL_SSL"
    "sasl.mechanism"                     = "AWS_MSK_IAM"
    "sasl.jaas.config"                   = "software.amazon.msk.auth.iam.IAMLoginModule required;"
    "sasl.client.callback.handler.class" = "software.amazon.msk.auth.iam.IAMClientCallbackHandler"
  }

  # Topics: Debezium creates one per table through Kafka Connect, for the brokers create none by themselves.
  shared = {
    for key, c in var.connectors : key => {
      "tasks.max"                                 = "1"
      "topic.prefix"                              = c.topic_prefix
      "table.include.list"                        = join(",", [for t in c.tables : replace(t, ".", "\\.")])
      "snapshot.mode"                             = c.snapshot_mode
      "heartbeat.interval.ms"                     = "10000"
      "tombstones.on.delete"                      = "false"
      "decimal.handling.mode"                     = "string" # nothing is rounded
      "time.precision.mode"                       = "adaptive"
      "provide.transaction.metadata"              = "true"
      "errors.tolerance"                          = "none"
      "topic.creation.enable"                     = "true"
      "topic.creation.default.partitions"         = tostring(c.partitions)
      "topic.creation.default.replication.factor" = tostring(c.replication_factor)
      "topic.creation.default.cleanup.policy"     = "delete"
      "topic.creation.default.retention.ms"       = tostring(c.retention_hours * 3600 * 1000)
      "database.hostname"                         = c.host
      "database.port"                             = tostring(coalesce(c.port, c.engine == "mysql" ? 3306 : 5432))
      "database.user"                             = local.secret[key].username
      "database.password"                         = local.secret[key].password
    }
  }
  of_engine = {
    for key, c in var.connectors : key => c.engine == "postgresql" ? {
      "connector.class"             = "io.debezium.connector.postgresql.PostgresConnector"
      "database.dbname"             = c.database
      "database.sslmode"            = "verify-full"
      "database.sslrootcert"        = local.ca[key]
      "plugin.name"                 = "pgoutput"
      "slot.name"                   = coalesce(c.slot, "-")
      "slot.drop.on.stop"           = "false"
      "publication.name"            = coalesce(c.publication, "-")
      "publication.autocreate.mode" = "disabled"
      } : merge({
        "connector.class"                                 = "io.debezium.connector.mysql.MySqlConnector"
        "database.include.list"                           = c.database
        "database.server.id"                              = tostring(coalesce(c.server_id, 0))
        "database.ssl.mode"                               = "verify_identity"
        "database.ssl.truststore"                         = local.ca[key]
        "schema.history.internal.kafka.topic"             = "${c.topic_prefix}.schema-history"
        "schema.history.internal.kafka.bootstrap.servers" = local.bootstrap[c.cluster]
      },
      { for name, value in local.iam_client : "schema.history.internal.producer.${name}" => value },
      { for name, value in local.iam_client : "schema.history.internal.consumer.${name}" => value },
    )
  }
}

resource "aws_mskconnect_custom_plugin" "this" {
  for_each = var.plugins

  name         = "${var.name}-${each.key}"
  content_type = "ZIP"

  location {
    s3 {
      bucket_arn     = each.value.bucket_arn
      file_key       = each.value.file_key
      object_version = each.value.object_version
    }
  }
}

resource "aws_mskconnect_worker_configuration" "this" {
  for_each = local.with_connect

  name        = "${var.name}-debezium"
  description = "Secrets and certificates are read by the workers"

  properties_file_content = <<-TEXT
    key.converter=org.apache.kafka.connect.json.JsonConverter
    value.converter=org.apache.kafka.connect.json.JsonConverter
    config.providers=secretsmanager,s3import
    config.providers.secretsmanager.class=com.amazonaws.kafka.config.providers.SecretsManagerConfigProvider
    config.providers.secretsmanager.param.region=${local.region}
    config.providers.s3import.class=com.amazonaws.kafka.config.providers.S3ImportConfigProvider
    config.providers.s3import.param.region=${local.region}
    offset.flush.interval.ms=1000
  TEXT
}

resource "aws_cloudwatch_log_group" "connector" {
  for_each = var.connectors

  name              = "/${var.name}/msk-connect/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_iam_role" "connector" {
  for_each = var.connectors

  name = "${var.name}-connect-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "kafkaconnect.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "connector" {
  for_each = var.connectors

  name = "connector"
  role = aws_iam_role.connector[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster"], Resource = local.cluster_arns[each.value.cluster] },
      {
        # Its own topics, and the internal ones in which MSK Connect keeps offsets, settings and status.
        Effect = "Allow"
        Action = [
          "kafka-cluster:CreateTopic", "kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration",
          "kafka-cluster:ReadData", "kafka-cluster:WriteData",
        ]
        Resource = [
          for topic in ["${each.value.topic_prefix}.*", "__amazon_msk_connect_*"] :
          "${replace(local.cluster_arns[each.value.cluster], ":cluster/", ":topic/")}/${topic}"
        ]
      },
      {
        Effect = "Allow"
        Action = ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"]
        Resource = [
          for group in ["__amazon_msk_connect_*", "connect-*", "${each.value.topic_prefix}-schemahistory*"] :
          "${replace(local.cluster_arns[each.value.cluster], ":cluster/", ":group/")}/${group}"
        ]
      },
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = each.value.secret_arn },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = each.value.secret_key_arn },
      { Effect = "Allow", Action = "s3:GetObject", Resource = "${replace(var.plugins[each.value.plugin].bucket_arn, "/:::.*/", ":::")}${each.value.ca_object}" },
    ]
  })
}

resource "aws_mskconnect_connector" "this" {
  for_each = var.connectors

  name                       = "${var.name}-${each.key}"
  description                = "Debezium: ${each.value.engine} ${each.value.database}"
  kafkaconnect_version       = each.value.connect_version
  service_execution_role_arn = aws_iam_role.connector[each.key].arn
  connector_configuration    = merge(local.shared[each.key], local.of_engine[each.key])

  # One task, so one worker: Debezium reads a database with one.
  capacity {
    provisioned_capacity {
      mcu_count    = each.value.capacity_units
      worker_count = 1
    }
  }

  kafka_cluster {
    apache_kafka_cluster {
      bootstrap_servers = local.bootstrap[each.value.cluster]

      vpc {
        subnets         = var.subnet_ids
        security_groups = var.security_group_ids
      }
    }
  }

  kafka_cluster_client_authentication {
    authentication_type = "IAM"
  }

  kafka_cluster_encryption_in_transit {
    encryption_type = "TLS"
  }

  plugin {
    custom_plugin {
      arn      = aws_mskconnect_custom_plugin.this[each.value.plugin].arn
      revision = aws_mskconnect_custom_plugin.this[each.value.plugin].latest_revision
    }
  }

  worker_configuration {
    arn      = aws_mskconnect_worker_configuration.this["this"].arn
    revision = aws_mskconnect_worker_configuration.this["this"].latest_revision
  }

  log_delivery {
    worker_log_delivery {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.connector[each.key].name
      }
    }
  }

  depends_on = [aws_iam_role_policy.connector]
}

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name               = "crossover"
  subnet_ids         = ["subnet-1", "subnet-2", "subnet-3"]
  security_group_ids = ["sg-1"]
  kms_key_arn        = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
  logs_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-666666666666"
  alarm_topic_arn    = "arn:aws:sns:eu-central-1:111122223333:crossover-notices"
  clusters           = { small = {}, large = { provisioned = {} } }
  plugins            = { debezium = { bucket_arn = "arn:aws:s3:::crossover-plugins", file_key = "debezium-3.zip" } }
  connectors = {
    shop = {
      cluster        = "large", plugin = "debezium", engine = "postgresql", host = "db.internal", database = "shop", topic_prefix = "shop"
      secret_arn     = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/source-AbCdEf"
      secret_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-777777777777"
      ca_object      = "crossover-plugins/ca.pem", tables = ["shop.orders"], slot = "crossover_shop", publication = "crossover_shop"
    }
    legacy = {
      cluster        = "small", plugin = "debezium", engine = "mysql", host = "mysql.internal", database = "shop", topic_prefix = "legacy"
      secret_arn     = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/legacy-AbCdEf"
      secret_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-777777777777"
      ca_object      = "crossover-plugins/ca.jks", tables = ["shop.orders"], server_id = 4711
    }
  }
  consumer_groups = { applier = { cluster = "large", group = "applier", topic = "shop.shop.orders" } }
}

run "iam_and_tls_only" {
  command = apply

  assert {
    condition     = aws_msk_cluster.this["large"].client_authentication[0].sasl[0].iam && !aws_msk_cluster.this["large"].client_authentication[0].unauthenticated && aws_msk_cluster.this["large"].encryption_info[0].encryption_in_transit[0].client_broker == "TLS"
    error_message = "a way in without IAM or TLS"
  }
  assert {
    condition     = aws_msk_cluster.this["large"].number_of_broker_nodes == 3 && keys(aws_msk_serverless_cluster.this) == ["small"]
    error_message = "one broker per zone, and one serverless cluster"
  }
  assert {
    condition     = aws_mskconnect_connector.this["shop"].connector_configuration["database.sslmode"] == "verify-full" && aws_mskconnect_connector.this["legacy"].connector_configuration["database.ssl.mode"] == "verify_identity"
    error_message = "the server's name is verified"
  }
  assert {
    condition     = aws_mskconnect_connector.this["shop"].connector_configuration["database.password"] == "$${secretsmanager:arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/source-AbCdEf:password}"
    error_message = "a reference, not a value"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.connector["shop"].policy).Statement[5].Resource == "arn:aws:s3:::crossover-plugins/ca.pem" && strcontains(aws_iam_role_policy.connector["shop"].policy, ":topic/crossover/11111111-2222-3333-4444-555555555555-1/shop.*")
    error_message = "ARNs of the certificate or of the topics"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.lag["applier"].threshold == 30 && aws_cloudwatch_metric_alarm.lag["applier"].treat_missing_data == "breaching"
    error_message = "a lag that nobody reports is an alarm"
  }
}

run "a_connector_without_a_slot" {
  command = plan
  variables {
    connectors = {
      shop = {
        cluster        = "large", plugin = "debezium", engine = "postgresql", host = "db.internal", database = "shop", topic_prefix = "shop"
        secret_arn     = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/source-AbCdEf"
        secret_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-777777777777"
        ca_object      = "crossover-plugins/ca.pem", tables = ["shop.orders"]
      }
    }
  }
  expect_failures = [var.connectors]
}

run "more_partitions_than_an_order_has" {
  command = plan
  variables {
    connectors = {
      legacy = {
        cluster        = "small", plugin = "debezium", engine = "mysql", host = "mysql.internal", database = "shop", topic_prefix = "legacy"
        secret_arn     = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/legacy-AbCdEf"
        secret_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-777777777777"
        ca_object      = "crossover-plugins/ca.jks", tables = ["shop.orders"], server_id = 4711, partitions = 4
      }
    }
  }
  expect_failures = [var.connectors]
}

run "a_plugin_that_is_no_zip" {
  command = plan
  variables {
    plugins    = { debezium = { bucket_arn = "arn:aws:s3:::crossover-plugins", file_key = "debezium.tar.gz" } }
    connectors = {}
  }
  expect_failures = [var.plugins]
}

run "an_instance_type_of_ec2" {
  command = plan
  variables {
    clusters        = { large = { provisioned = { instance_type = "m7g.large" } } }
    connectors      = {}
    consumer_groups = {}
  }
  expect_failures = [var.clusters]
}

run "an_alarm_that_nobody_gets" {
  command = plan
  variables {
    alarm_topic_arn = ""
  }
  expect_failures = [var.alarm_topic_arn]
}

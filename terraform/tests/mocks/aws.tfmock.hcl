# What the real service would answer, in its real form: a mocked provider invents random words, and an ARN
# that is a random word is refused by the next resource.

mock_data "aws_caller_identity" {
  defaults = {
    account_id = "111122223333"
    arn        = "arn:aws:iam::111122223333:role/terraform"
  }
}

mock_data "aws_region" {
  defaults = {
    id   = "eu-central-1"
    name = "eu-central-1"
  }
}

mock_data "aws_partition" {
  defaults = {
    id         = "aws"
    partition  = "aws"
    dns_suffix = "amazonaws.com"
  }
}

mock_resource "aws_kms_key" {
  defaults = {
    arn    = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"
    key_id = "11111111-2222-3333-4444-555555555555"
  }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = {
    arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/source-AbCdEf"
    id  = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/source-AbCdEf"
  }
}

mock_resource "aws_iam_role" {
  defaults = {
    arn = "arn:aws:iam::111122223333:role/crossover"
  }
}

mock_resource "aws_iam_policy" {
  defaults = {
    arn = "arn:aws:iam::111122223333:policy/crossover"
  }
}

mock_resource "aws_iam_openid_connect_provider" {
  defaults = {
    arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
  }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = {
    arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/crossover"
  }
}

mock_resource "aws_sns_topic" {
  defaults = {
    arn = "arn:aws:sns:eu-central-1:111122223333:crossover-notices"
  }
}

mock_resource "aws_dynamodb_table" {
  defaults = {
    arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/crossover-journal"
  }
}

mock_resource "aws_lambda_function" {
  defaults = {
    arn           = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-stage"
    qualified_arn = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-stage:1"
    version       = "1"
  }
}

mock_resource "aws_lambda_alias" {
  defaults = {
    arn = "arn:aws:lambda:eu-central-1:111122223333:function:crossover-stage:live"
  }
}

mock_resource "aws_sfn_state_machine" {
  defaults = {
    arn                       = "arn:aws:states:eu-central-1:111122223333:stateMachine:cutover"
    state_machine_version_arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:cutover:1"
  }
}

mock_resource "aws_cloudwatch_metric_alarm" {
  defaults = {
    arn = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:crossover"
  }
}

mock_resource "aws_cloudwatch_event_rule" {
  defaults = {
    arn = "arn:aws:events:eu-central-1:111122223333:rule/crossover"
  }
}

mock_resource "aws_dms_certificate" {
  defaults = {
    certificate_arn = "arn:aws:dms:eu-central-1:111122223333:cert:CROSSOVER"
  }
}

mock_resource "aws_dms_endpoint" {
  defaults = {
    endpoint_arn = "arn:aws:dms:eu-central-1:111122223333:endpoint:CROSSOVER"
  }
}

mock_resource "aws_dms_replication_instance" {
  defaults = {
    replication_instance_arn = "arn:aws:dms:eu-central-1:111122223333:rep:CROSSOVER"
  }
}

mock_resource "aws_dms_replication_task" {
  defaults = {
    replication_task_arn = "arn:aws:dms:eu-central-1:111122223333:task:CROSSOVER"
  }
}

mock_resource "aws_rds_cluster" {
  defaults = {
    arn                 = "arn:aws:rds:eu-central-1:111122223333:cluster:crossover-main"
    cluster_resource_id = "cluster-ABCDEFGHIJKL"
    endpoint            = "crossover-main.cluster-abc.eu-central-1.rds.amazonaws.com"
  }
}

mock_resource "aws_msk_cluster" {
  defaults = {
    arn                        = "arn:aws:kafka:eu-central-1:111122223333:cluster/crossover/11111111-2222-3333-4444-555555555555-1"
    bootstrap_brokers_sasl_iam = "b-1.crossover.kafka.eu-central-1.amazonaws.com:9098"
    cluster_uuid               = "11111111-2222-3333-4444-555555555555-1"
  }
}

mock_resource "aws_msk_serverless_cluster" {
  defaults = {
    arn                        = "arn:aws:kafka:eu-central-1:111122223333:cluster/crossover/11111111-2222-3333-4444-555555555555-s1"
    bootstrap_brokers_sasl_iam = "boot-abc.c1.kafka-serverless.eu-central-1.amazonaws.com:9098"
    cluster_uuid               = "11111111-2222-3333-4444-555555555555-s1"
  }
}

mock_resource "aws_msk_configuration" {
  defaults = {
    arn             = "arn:aws:kafka:eu-central-1:111122223333:configuration/crossover/11111111-2222-3333-4444-555555555555-1"
    latest_revision = 1
  }
}

mock_resource "aws_mskconnect_custom_plugin" {
  defaults = {
    arn             = "arn:aws:kafkaconnect:eu-central-1:111122223333:custom-plugin/crossover/11111111-2222-3333-4444-555555555555-1"
    latest_revision = 1
  }
}

mock_resource "aws_mskconnect_worker_configuration" {
  defaults = {
    arn             = "arn:aws:kafkaconnect:eu-central-1:111122223333:worker-configuration/crossover/11111111-2222-3333-4444-555555555555-1"
    latest_revision = 1
  }
}

mock_resource "aws_secretsmanager_secret_version" {
  defaults = {
    arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:crossover/source-AbCdEf"
  }
}

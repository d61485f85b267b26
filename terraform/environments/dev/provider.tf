locals {
  local_aws = length(var.endpoints) > 0
  at        = { for service in local.services : service => lookup(var.endpoints, service, lookup(var.endpoints, "default", null)) }
  services = [
    "cloudwatch", "dms", "dynamodb", "ec2", "events", "iam", "kms", "lambda", "logs", "rds", "s3", "secretsmanager", "sfn", "sns", "sts",
  ]
}

provider "aws" {
  region = var.region

  # A local AWS has no instance metadata and takes any key. Real AWS gets none of this. The account's number is asked for in
  # both: without it the provider takes every group that a rule names for one of another account.
  access_key                  = local.local_aws ? "test" : null
  secret_key                  = local.local_aws ? "test" : null
  skip_credentials_validation = local.local_aws
  skip_metadata_api_check     = local.local_aws
  skip_region_validation      = local.local_aws
  s3_use_path_style           = local.local_aws

  endpoints {
    cloudwatch     = local.at.cloudwatch
    dms            = local.at.dms
    dynamodb       = local.at.dynamodb
    ec2            = local.at.ec2
    events         = local.at.events
    iam            = local.at.iam
    kms            = local.at.kms
    lambda         = local.at.lambda
    logs           = local.at.logs
    rds            = local.at.rds
    s3             = local.at.s3
    secretsmanager = local.at.secretsmanager
    sfn            = local.at.sfn
    sns            = local.at.sns
    sts            = local.at.sts
  }

  default_tags {
    tags = { application = "crossover", environment = var.name }
  }
}

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  backend "s3" {
    key          = "applied.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

# Where it is applied, the environment's variables name a local AWS.
provider "aws" {}

variable "topics" {
  description = "Names of topics; a certificate has the name of each"
  type        = list(string)
}

resource "aws_sns_topic" "notices" {
  for_each = toset(var.topics)

  name              = each.value
  kms_master_key_id = "alias/aws/sns"
}

resource "aws_dms_certificate" "authority" {
  for_each = toset(var.topics)

  certificate_id  = each.value
  certificate_pem = "-----BEGIN CERTIFICATE-----\n${aws_sns_topic.notices[each.value].name}\n-----END CERTIFICATE-----\n"
}

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  backend "s3" {
    key          = "crossover.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = "eu-central-1"
}

variable "password" {
  description = "First password of the database's owner"
  type        = string
  ephemeral   = true
}

module "migration" {
  source = "../../modules/good"

  name       = "shop"
  password   = var.password
  endpoints  = {}
  repository = "example/shop"
  package    = "stages.zip"
  network = {
    vpc_id          = "vpc-1"
    subnet_ids      = ["subnet-1", "subnet-2"]
    client_group_id = "sg-1"
  }
}

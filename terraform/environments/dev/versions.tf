terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }

  # Partial: bucket, key and region come from backend.hcl (see backend.hcl.example). The lock is not left to that file.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

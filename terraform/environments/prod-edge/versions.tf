terraform {
  required_version = ">= 1.11"

  required_providers {
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 5.14"
    }
  }

  # Partial: bucket, key and region come from backend.hcl (see backend.hcl.example). The lock is not left to that file.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

# The token comes from CLOUDFLARE_API_TOKEN.
provider "cloudflare" {}

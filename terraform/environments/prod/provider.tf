provider "aws" {
  region = var.region

  # Applying production into another account is a mistake that no plan shows.
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = { application = "crossover", environment = var.name }
  }
}

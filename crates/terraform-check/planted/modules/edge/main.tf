terraform {
  required_version = ">= 1.11"

  required_providers {
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 5.14"
    }
  }
}

variable "account_id" {
  description = "Account of Cloudflare"
  type        = string
}

variable "zone_id" {
  description = "Zone whose requests go through the router"
  type        = string
}

resource "cloudflare_workers_kv_namespace" "settings" {
  account_id = var.account_id
  title      = "crossover"
}

resource "cloudflare_workers_script" "router" {
  account_id         = var.account_id
  script_name        = "edge-router"
  main_module        = "worker.js"
  content            = "export default {}"
  compatibility_date = "2026-11-01"

  bindings = [
    {
      type         = "kv_namespace"
      name         = "SETTINGS"
      namespace_id = cloudflare_workers_kv_namespace.settings.id
    },
    {
      type       = "durable_object_namespace"
      name       = "LANE"
      class_name = "Lane"
    },
  ]

  migrations = {
    new_tag            = "v1"
    new_sqlite_classes = ["Lane"]
  }
}

resource "cloudflare_workers_route" "all" {
  zone_id = var.zone_id
  pattern = "shop.example.com/*"
  script  = cloudflare_workers_script.router.script_name
}

variable "account_id" {
  description = "The account of production; any other is refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id has 12 digits."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "eu-central-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region is the name of an AWS region, for example eu-central-1."
  }
}

variable "name" {
  description = "Prefix of all names."
  type        = string
  default     = "crossover-prod"
}

variable "package" {
  description = "The zip with the functions' program, as released (with its checksum and attestation)."
  type        = string
}

variable "zones" {
  description = "Availability zones and the number of each."
  type        = map(number)
  default     = { "eu-central-1a" = 0, "eu-central-1b" = 1, "eu-central-1c" = 2 }

  validation {
    condition     = length(var.zones) >= 3
    error_message = "Production stands in at least three availability zones."
  }
}

variable "source_network" {
  description = "Address range and port of each source database."
  type        = map(object({ cidr = string, port = optional(number, 5432) }))
}

variable "certificates" {
  description = "PEM files of the authorities of the databases, by key: paths."
  type        = map(string)

  validation {
    condition     = alltrue([for path in values(var.certificates) : fileexists(path)])
    error_message = "certificates names a file that does not exist. AWS's bundle of a region is published in the RDS user guide."
  }
}

variable "secrets" {
  description = "Secrets beside source, target and edge (for example of further tenants): description by key."
  type        = map(string)
  default     = {}
}

variable "clusters" {
  description = "Aurora clusters by key: see modules/aurora."
  type = map(object({
    engine_version        = optional(string, "17.5")
    database_name         = string
    serverless            = optional(object({ min_acu = number, max_acu = number }))
    instances             = map(object({ class = optional(string), promotion_tier = optional(number, 1) }))
    backup_retention_days = optional(number, 14)
    backup_window         = optional(string, "02:00-03:00")
    maintenance_window    = optional(string, "sun:04:00-sun:05:00")
    parameters            = optional(map(string), {})
  }))

  validation {
    condition     = alltrue([for c in values(var.clusters) : length(c.instances) >= 2])
    error_message = "A cluster of production needs two instances: with one, the failure of an instance is an outage."
  }
  validation {
    condition     = alltrue([for c in values(var.clusters) : c.backup_retention_days >= 7])
    error_message = "Production keeps backups for at least 7 days."
  }
}

variable "instances" {
  description = "Replication instances by key: class and storage."
  type        = map(object({ class = string, storage_gb = optional(number, 200) }))
}

variable "databases" {
  description = "Databases of DMS by key: key of the secret, name of the database, key of the certificate."
  type        = map(object({ secret = string, database_name = string, certificate = string }))
}

variable "migrations" {
  description = "Migrations by migration_id: see modules/dms."
  type        = map(object({ source = string, target = string, instance = string, tables = list(string), slot_plugin = optional(string, "test_decoding") }))
}

variable "lanes" {
  description = "The lanes by name, each with its migration and the edge's admin API."
  type        = map(object({ migration_id = string, admin_url = string }))

  validation {
    condition     = alltrue([for l in values(var.lanes) : can(regex("^https://", l.admin_url))])
    error_message = "admin_url is an https URL, as in the plan."
  }
  validation {
    condition     = alltrue([for l in values(var.lanes) : contains(keys(var.migrations), l.migration_id)])
    error_message = "A lane names a migration that is not in migrations."
  }
}

variable "lane_status_command" {
  description = "Command that says whether a lane has completed: see modules/lane-guard. Null: crossover status."
  type        = string
  default     = null
}

variable "subscriptions" {
  description = "Who gets notices and alarms."
  type        = map(object({ protocol = string, endpoint = string }))

  validation {
    condition     = length(var.subscriptions) > 0
    error_message = "Nobody would get production's alarms: name at least one subscription."
  }
}

variable "source_instances" {
  description = "RDS instances that are sources, for the alarm of their slots."
  type        = map(string)
  default     = {}
}

variable "load_balancers" {
  description = "Application load balancers of the two sides' API, for p95 and error rate."
  type        = map(string)
  default     = {}
}

variable "repository" {
  description = "Repository whose workflows may act, as owner/name. Null: no roles for GitHub."
  type        = string
  default     = null
}

variable "github_provider_arn" {
  description = "The account's OIDC provider of GitHub, where it exists."
  type        = string
  default     = null
}

variable "kafka" {
  description = "MSK with Debezium instead of, or beside, DMS: see modules/msk. Null: none."
  type = object({
    clusters = map(object({
      provisioned = optional(object({
        kafka_version    = optional(string, "3.8.x")
        instance_type    = optional(string, "kafka.m7g.large")
        brokers_per_zone = optional(number, 1)
        volume_gb        = optional(number, 100)
      }))
    }))
    plugins = optional(map(object({ bucket_arn = string, file_key = string, object_version = optional(string) })), {})
    connectors = optional(map(object({
      cluster            = string
      plugin             = string
      engine             = string
      host               = string
      port               = optional(number)
      database           = string
      secret_arn         = string
      secret_key_arn     = string
      ca_object          = string
      tables             = list(string)
      topic_prefix       = string
      slot               = optional(string)
      publication        = optional(string)
      server_id          = optional(number)
      snapshot_mode      = optional(string, "initial")
      replication_factor = optional(number, 3)
      retention_hours    = optional(number, 168)
      capacity_units     = optional(number, 1)
      connect_version    = optional(string, "3.7.x")
    })), {})
    consumer_groups = optional(map(object({ cluster = string, group = string, topic = string })), {})
  })
  default = null
}

variable "allow_delete" {
  description = "First step of deleting the environment."
  type        = bool
  default     = false
}

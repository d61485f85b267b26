variable "name" {
  description = "Prefix of the clusters' names: the cluster of key main is NAME-main."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "name is used in names of many services: use 2 to 25 lower-case letters, digits and '-', a letter first."
  }
}

variable "clusters" {
  description = <<-TEXT
    The clusters by key, one per lane that has a database of its own (a region, a large tenant). `instances` has one entry per instance; the key
    is part of its name and never changes. A cluster is Serverless v2 with `serverless` (capacity in ACU), otherwise each instance needs a class.
  TEXT
  type = map(object({
    engine_version = optional(string, "17.5")
    database_name  = string
    serverless = optional(object({
      min_acu = number
      max_acu = number
    }))
    instances = map(object({
      class          = optional(string)
      promotion_tier = optional(number, 1)
    }))
    backup_retention_days = optional(number, 14)
    backup_window         = optional(string, "02:00-03:00")
    maintenance_window    = optional(string, "sun:04:00-sun:05:00")
    parameters            = optional(map(string), {})
  }))
  default = {}

  validation {
    condition     = alltrue([for key in keys(var.clusters) : can(regex("^[a-z][a-z0-9-]{0,19}$", key))])
    error_message = "A cluster's key becomes part of its name: 1 to 20 lower-case letters, digits and '-', a letter first."
  }
  validation {
    condition     = alltrue([for c in values(var.clusters) : can(regex("^1[5-9]\\.[0-9]+$", c.engine_version))])
    error_message = "engine_version is a version of Aurora PostgreSQL from 15 on with its minor part, for example 17.5. A minor part that is left out would change with AWS's default."
  }
  validation {
    condition     = alltrue([for c in values(var.clusters) : length(c.instances) >= 1])
    error_message = "A cluster needs at least one instance; for production give it two, so that the failure of one is no outage."
  }
  validation {
    condition     = alltrue([for c in values(var.clusters) : alltrue([for i in values(c.instances) : (c.serverless == null) == (i.class != null)])])
    error_message = "Give each instance a class, or the cluster the setting serverless; not both and not neither."
  }
  validation {
    condition     = alltrue([for c in values(var.clusters) : c.serverless == null || try(c.serverless.min_acu >= 0.5 && c.serverless.max_acu >= c.serverless.min_acu && c.serverless.max_acu <= 256, false)])
    error_message = "serverless needs min_acu from 0.5 on (a cluster that pauses at 0 cannot follow a change stream) and max_acu from min_acu to 256."
  }
  validation {
    condition     = alltrue([for c in values(var.clusters) : c.backup_retention_days >= 1 && c.backup_retention_days <= 35])
    error_message = "backup_retention_days is a number from 1 to 35: point-in-time recovery reaches as far back."
  }
  validation {
    condition     = alltrue([for c in values(var.clusters) : !contains(keys(c.parameters), "rds.logical_replication")])
    error_message = "rds.logical_replication is always 1: reverse replication reads from the target's write-ahead log (pre-check PG01)."
  }
  validation {
    condition     = alltrue([for c in values(var.clusters) : can(regex("^[a-z][a-z0-9_]{0,62}$", c.database_name))])
    error_message = "database_name is 1 to 63 lower-case letters, digits and '_', a letter first."
  }
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones (module network)."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "Aurora demands subnets in at least two availability zones."
  }
}

variable "security_group_ids" {
  description = "Security groups of the clusters (module network, `databases`)."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) >= 1
    error_message = "Without a security group of its own a cluster gets the VPC's default group, which is empty: nobody could connect."
  }
}

variable "kms_key_arn" {
  description = "Key of the storage, the backups and Performance Insights (module keys, `data`)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is not the ARN of a KMS key: use the output arns.data of the module keys."
  }
}

variable "secrets_key_arn" {
  description = "Key of the master user's secret, which RDS makes and rotates (module keys, `secrets`)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.secrets_key_arn))
    error_message = "secrets_key_arn is not the ARN of a KMS key: use the output arns.secrets of the module keys."
  }
}

variable "master_username" {
  description = "Name of the master user. Applications and Crossover have roles of their own."
  type        = string
  default     = "administrator"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,15}$", var.master_username)) && !contains(["admin", "postgres", "rdsadmin", "rds_superuser"], var.master_username)
    error_message = "master_username is 1 to 16 lower-case letters, digits and '_', and none of the names that RDS reserves."
  }
}

variable "monitoring_interval_seconds" {
  description = "Interval of Enhanced Monitoring; 0 turns it off."
  type        = number
  default     = 15

  validation {
    condition     = contains([0, 1, 5, 10, 15, 30, 60], var.monitoring_interval_seconds)
    error_message = "RDS knows the intervals 0, 1, 5, 10, 15, 30 and 60 seconds."
  }
}

variable "performance_insights" {
  description = "Records waits and statements, for the question why a cutover is slow."
  type        = bool
  default     = true
}

variable "log_exports" {
  description = "Logs that are sent to CloudWatch."
  type        = set(string)
  default     = ["postgresql"]

  validation {
    condition     = length(setsubtract(var.log_exports, ["postgresql", "instance", "iam-db-auth-error"])) == 0
    error_message = "Aurora PostgreSQL exports the logs postgresql, instance and iam-db-auth-error."
  }
}

variable "allow_delete" {
  description = "Lifts the deletion protection. Set it only for the step that deletes the environment; a final snapshot is made all the same."
  type        = bool
  default     = false
}

variable "skip_final_snapshot" {
  description = "Deletes without a final snapshot. Only for environments whose data nobody needs."
  type        = bool
  default     = false
}

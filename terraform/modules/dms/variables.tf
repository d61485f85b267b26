variable "name" {
  description = "Prefix of the names of instances, endpoints and tasks."
  type        = string

  validation {
    condition     = can(regex("^[a-z](-?[a-z0-9])+$", var.name)) && length(var.name) <= 25
    error_message = "DMS allows letters, digits and single '-' in identifiers: use 2 to 25 of them, lower case, a letter first, no '-' at the end."
  }
}

variable "instances" {
  description = "Replication instances by key. Several migrations can share one; a large one deserves its own."
  type = map(object({
    class               = string
    storage_gb          = optional(number, 100)
    multi_az            = optional(bool, true)
    engine_version      = optional(string, "3.6.1")
    maintenance_window  = optional(string, "sun:05:00-sun:06:00")
    allow_major_upgrade = optional(bool, false)
  }))
  default = {}

  validation {
    condition     = alltrue([for key in keys(var.instances) : can(regex("^[a-z](-?[a-z0-9])*$", key)) && length(key) <= 20])
    error_message = "An instance's key becomes part of its identifier: at most 20 lower-case letters, digits and single '-', a letter first."
  }
  validation {
    condition     = alltrue([for i in values(var.instances) : can(regex("^dms\\.", i.class))])
    error_message = "A class of DMS begins with dms., for example dms.r6i.large."
  }
  validation {
    condition     = alltrue([for i in values(var.instances) : i.storage_gb >= 5 && i.storage_gb <= 6144])
    error_message = "storage_gb is a number from 5 to 6144."
  }
}

variable "certificates" {
  description = "PEM certificates of the authorities that have signed the databases' certificates, by key. For Aurora and RDS the region's bundle."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for pem in values(var.certificates) : strcontains(pem, "-----BEGIN CERTIFICATE-----")])
    error_message = "certificates has PEM text: read it with file(\"eu-central-1-bundle.pem\")."
  }
}

variable "databases" {
  description = "Databases by key: the secret with host, port, username and password of the replication user, its KMS key, the database's name, and the authority (key of certificates)."
  type = map(object({
    secret_arn     = string
    secret_key_arn = string
    database_name  = string
    certificate    = string
  }))
  default = {}

  validation {
    condition     = alltrue([for d in values(var.databases) : can(regex("^arn:[a-z-]+:secretsmanager:", d.secret_arn)) && can(regex("^arn:[a-z-]+:kms:", d.secret_key_arn))])
    error_message = "secret_arn and secret_key_arn are ARNs: use the outputs of the modules secrets and keys."
  }
  validation {
    condition     = alltrue([for d in values(var.databases) : contains(keys(var.certificates), d.certificate)])
    error_message = "A database names a certificate that is not in certificates. DMS verifies the server's name (verify-full) only with the authority's certificate."
  }
}

variable "migrations" {
  description = <<-TEXT
    Migrations by migration_id of the plan: the two databases, the replication instance, and the tables as schema.table. Each has endpoints and tasks of
    its own, because a replication slot belongs to one stream.
  TEXT
  type = map(object({
    source      = string
    target      = string
    instance    = string
    tables      = list(string)
    slot_plugin = optional(string, "test_decoding")
  }))
  default = {}

  validation {
    condition     = alltrue([for id in keys(var.migrations) : can(regex("^[a-z0-9](-?[a-z0-9])*$", id)) && length(id) <= 40])
    error_message = "A migration's key is the migration_id of its plan: 1 to 40 lower-case letters, digits and single '-'."
  }
  validation {
    condition     = alltrue([for m in values(var.migrations) : contains(keys(var.databases), m.source) && contains(keys(var.databases), m.target) && m.source != m.target])
    error_message = "source and target are two different keys of databases."
  }
  validation {
    condition     = alltrue([for m in values(var.migrations) : contains(keys(var.instances), m.instance)])
    error_message = "instance is a key of instances."
  }
  validation {
    condition     = alltrue([for m in values(var.migrations) : length(m.tables) > 0 && alltrue([for t in m.tables : can(regex("^[^.%]+\\.[^.%]+$", t))])])
    error_message = "tables lists every table as schema.table, without wildcards: a table that is not listed loses its changes (pre-check DM02)."
  }
  validation {
    condition     = alltrue([for m in values(var.migrations) : contains(["test_decoding", "pglogical"], m.slot_plugin)])
    error_message = "slot_plugin is test_decoding or pglogical, as in the plan."
  }
  validation {
    condition     = alltrue([for m in values(var.migrations) : length(distinct(m.tables)) == length(m.tables)])
    error_message = "tables names a table twice."
  }
}

variable "serverless" {
  description = "DMS Serverless replications by key, for bulk copies beside a migration. Crossover's stages drive tasks on instances only."
  type = map(object({
    migration    = string
    min_capacity = optional(number, 1)
    max_capacity = number
    multi_az     = optional(bool, false)
  }))
  default = {}

  validation {
    condition     = alltrue([for s in values(var.serverless) : contains(keys(var.migrations), s.migration)])
    error_message = "migration is a key of migrations, whose endpoints and tables the replication uses."
  }
  validation {
    condition     = alltrue([for s in values(var.serverless) : contains([1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384], s.max_capacity) && s.min_capacity <= s.max_capacity])
    error_message = "max_capacity is one of the capacities of DMS (1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384 DCU), and not below min_capacity. The API demands it although the schema does not."
  }
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones (module network)."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "DMS demands subnets in at least two availability zones."
  }
}

variable "security_group_ids" {
  description = "Security groups of the replication instances (module network, `dms`)."
  type        = list(string)
}

variable "kms_key_arn" {
  description = "Key of the instances' storage and of the endpoints (module keys, `data`)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is not the ARN of a KMS key: use the output arns.data of the module keys."
  }
}

variable "logs_key_arn" {
  description = "Key of the log groups (module keys, `logs`)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.logs_key_arn))
    error_message = "logs_key_arn is not the ARN of a KMS key: use the output arns.logs of the module keys."
  }
}

variable "log_retention_days" {
  description = "How long the tasks' logs are kept."
  type        = number
  default     = 365
}

variable "create_service_roles" {
  description = "Creates dms-vpc-role and dms-cloudwatch-logs-role, which DMS finds by name. Once per account: false where they exist."
  type        = bool
  default     = true
}

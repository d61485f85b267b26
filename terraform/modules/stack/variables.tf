variable "name" {
  description = "Prefix of all names: crossover gives the function crossover-pre-check and the table crossover-journal."
  type        = string

  validation {
    condition     = can(regex("^[a-z](-?[a-z0-9])+$", var.name)) && length(var.name) <= 25
    error_message = "name is used in names of many services: use 2 to 25 lower-case letters, digits and single '-', a letter first."
  }
}

variable "package" {
  description = "The zip with the one program of all functions, from `cargo lambda build --release --arm64 --output-format zip --bin bootstrap`."
  type        = string
}

variable "functions" {
  description = "How functions run, where it differs from production: architecture, packages for single stages, further environment variables, memory and time limits, log level."
  type = object({
    architecture         = optional(string, "arm64")
    packages             = optional(map(string), {})
    environment          = optional(map(string), {})
    log_level            = optional(string, "info")
    reserved_concurrency = optional(map(number), {})
    settings = optional(map(object({
      memory_mb       = optional(number)
      timeout_seconds = optional(number)
    })), {})
  })
  default = {}
}

variable "definitions" {
  description = "Folder of the state machines' *.asl.json."
  type        = string
}

variable "machine_prefix" {
  description = "Prefix of the state machines' names. Empty: cutover, rollback, verify."
  type        = string
  default     = ""
}

variable "network" {
  description = "The VPC: see modules/network."
  type = object({
    cidr                = optional(string, "10.64.0.0/20")
    zones               = map(number)
    internet_egress     = optional(string, "one_nat")
    interface_endpoints = optional(set(string), ["secretsmanager", "dms", "monitoring", "sns", "logs"])
    gateway_endpoints   = optional(set(string), ["dynamodb", "s3"])
    outside_databases   = optional(map(object({ cidr = string, port = optional(number, 5432) })), {})
    flow_logs           = optional(bool, true)
  })
}

variable "secret_prefix" {
  description = "First part of the secrets' names, for example crossover/prod."
  type        = string
}

variable "secrets" {
  description = "Secrets by key: see modules/secrets. Plans name the databases' secrets and the edge's."
  type = map(object({
    description           = string
    value_version         = optional(number)
    rotation_function_arn = optional(string)
    rotation_days         = optional(number, 30)
  }))
}

variable "secret_values" {
  description = "Values of the secrets with a value_version. Neither in the plan nor in the state."
  type        = map(string)
  default     = {}
  ephemeral   = true
}

variable "clusters" {
  description = "Aurora clusters by key: see modules/aurora. Empty where the targets exist already."
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
  default = {}
}

variable "cluster_monitoring" {
  description = "Enhanced Monitoring (seconds, 0 is off), Performance Insights and exported logs of the clusters."
  type = object({
    log_exports          = optional(set(string), ["postgresql"])
    interval_seconds     = optional(number, 15)
    performance_insights = optional(bool, true)
  })
  default = {}
}

variable "replication" {
  description = "DMS: see modules/dms. A database names its secret by its key in `secrets`. Without instances nothing of DMS is created."
  type = object({
    create_service_roles = optional(bool, true)
    certificates         = optional(map(string), {})
    instances = optional(map(object({
      class               = string
      storage_gb          = optional(number, 100)
      multi_az            = optional(bool, true)
      engine_version      = optional(string, "3.6.1")
      maintenance_window  = optional(string, "sun:05:00-sun:06:00")
      allow_major_upgrade = optional(bool, false)
    })), {})
    databases = optional(map(object({
      secret        = string
      database_name = string
      certificate   = string
    })), {})
    migrations = optional(map(object({
      source      = string
      target      = string
      instance    = string
      tables      = list(string)
      slot_plugin = optional(string, "test_decoding")
    })), {})
    serverless = optional(map(object({
      migration    = string
      min_capacity = optional(number, 1)
      max_capacity = number
      multi_az     = optional(bool, false)
    })), {})
  })
  default = {}

  validation {
    condition     = alltrue([for d in values(var.replication.databases) : contains(keys(var.secrets), d.secret)])
    error_message = "A database of replication names a secret that is not a key of secrets."
  }
}

variable "lanes" {
  description = "The lanes by name, with the migration each belongs to and the edge's admin API. Each is guarded: a destroy refuses while it has not completed."
  type = map(object({
    migration_id = string
    admin_url    = optional(string, "")
  }))
  default = {}
}

variable "lane_status_command" {
  description = "Command that says whether a lane has completed: see modules/lane-guard. Null: crossover status."
  type        = string
  default     = null
}

variable "notices" {
  description = "Who gets notices and alarms, and above which figures: see modules/observability."
  type = object({
    subscriptions    = optional(map(object({ protocol = string, endpoint = string })), {})
    source_instances = optional(map(string), {})
    load_balancers   = optional(map(string), {})
    limits = optional(object({
      lag_seconds        = optional(number, 30)
      pause_ms           = optional(number, 8000)
      slot_gb            = optional(number, 20)
      p95_ms             = optional(number, 150)
      error_rate_percent = optional(number, 0.1)
    }), {})
  })
  default = {}
}

variable "log_retention_days" {
  description = "How long logs are kept. They are part of a migration's evidence."
  type        = number
  default     = 365
}

variable "allow_delete" {
  description = "First step of deleting the environment: lifts deletion protections and tells the lanes' guards. `terraform destroy` is the second."
  type        = bool
  default     = false
}

variable "skip_final_snapshot" {
  description = "Deletes clusters without a final snapshot. Only for environments whose data nobody needs."
  type        = bool
  default     = false
}

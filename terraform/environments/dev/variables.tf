variable "region" {
  description = "AWS region."
  type        = string
  default     = "eu-central-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region is the name of an AWS region, for example eu-central-1."
  }
}

variable "endpoints" {
  description = "Where AWS's services are: URL by service, `default` for all others. Empty: the real AWS. Each service can be elsewhere, for example dms."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for url in values(var.endpoints) : can(regex("^https?://(127\\.0\\.0\\.1|localhost|\\[::1\\])(:[0-9]+)?/?$", url))])
    error_message = "endpoints are for a local AWS: a URL on 127.0.0.1. With any other address Terraform would send its credentials there."
  }
  validation {
    condition     = length(setsubtract(keys(var.endpoints), ["default", "cloudwatch", "dms", "dynamodb", "ec2", "events", "iam", "kms", "lambda", "logs", "rds", "s3", "secretsmanager", "sfn", "sns", "sts"])) == 0
    error_message = "endpoints names a service that this environment does not use: see environments/dev/provider.tf for the names."
  }
  validation {
    condition     = length(var.endpoints) == 0 || contains(keys(var.endpoints), "default")
    error_message = "endpoints needs `default`: a service that is left out would be the real AWS, with invented credentials."
  }
}

variable "name" {
  description = "Prefix of all names. The default gives the names of a rehearsal."
  type        = string
  default     = "crossover"
}

variable "zones" {
  description = "Availability zones and the number of each."
  type        = map(number)
  default     = { "eu-central-1a" = 0, "eu-central-1b" = 1 }
}

variable "package" {
  description = "The zip with the functions' program."
  type        = string
}

variable "functions" {
  description = "How functions run: see modules/stack. For a local AWS: architecture and AWS_ENDPOINT_URL."
  type = object({
    architecture         = optional(string, "arm64")
    packages             = optional(map(string), {})
    environment          = optional(map(string), {})
    log_level            = optional(string, "info")
    reserved_concurrency = optional(map(number), {})
    settings             = optional(map(object({ memory_mb = optional(number), timeout_seconds = optional(number) })), {})
  })
  default = {}
}

variable "definitions" {
  description = "Folder of the state machines' *.asl.json."
  type        = string
  default     = "../../../statemachine"
}

variable "secret_prefix" {
  description = "First part of the secrets' names."
  type        = string
  default     = "crossover/dev"
}

variable "secrets" {
  description = "Further secrets, with a description each: those of the replication users."
  type        = map(string)
  default     = {}
}

variable "secret_values" {
  description = "JSON text of the secrets source, target and edge, and of those in `secrets`. Neither in the plan nor in the state. Empty: someone else writes them."
  type        = map(string)
  default     = {}
  ephemeral   = true
}

variable "secret_version" {
  description = "Number of the secrets' values: raise it to write new ones. Null: Terraform writes none."
  type        = number
  default     = null
}

variable "clusters" {
  description = "Aurora clusters by key: see modules/aurora."
  type = map(object({
    engine_version        = optional(string, "17.5")
    database_name         = string
    serverless            = optional(object({ min_acu = number, max_acu = number }))
    instances             = map(object({ class = optional(string), promotion_tier = optional(number, 1) }))
    backup_retention_days = optional(number, 1)
    parameters            = optional(map(string), {})
  }))
  default = {}
}

variable "replication" {
  description = "DMS: see modules/stack. Empty: none."
  type = object({
    create_service_roles = optional(bool, true)
    certificates         = optional(map(string), {})
    instances            = optional(map(object({ class = string, storage_gb = optional(number, 50), multi_az = optional(bool, false), engine_version = optional(string, "3.6.1") })), {})
    databases            = optional(map(object({ secret = string, database_name = string, certificate = string })), {})
    migrations           = optional(map(object({ source = string, target = string, instance = string, tables = list(string), slot_plugin = optional(string, "test_decoding") })), {})
  })
  default = {}
}

variable "lanes" {
  description = "The lanes by name: see modules/stack."
  type        = map(object({ migration_id = string, admin_url = optional(string, "") }))
  default     = {}
}

variable "lane_status_command" {
  description = "Command that says whether a lane has completed: see modules/lane-guard."
  type        = string
  default     = null
}

variable "allow_delete" {
  description = "First step of deleting the environment."
  type        = bool
  default     = false
}

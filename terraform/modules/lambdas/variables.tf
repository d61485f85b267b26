variable "name" {
  description = "Prefix of the functions' names: the function of a stage is NAME-STAGE."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "name is used in names of many services: use 2 to 25 lower-case letters, digits and '-', a letter first."
  }
}

variable "package" {
  description = "The zip with the one program of all functions, from `cargo lambda build --release --arm64 --output-format zip --bin bootstrap`."
  type        = string

  validation {
    condition     = endswith(var.package, ".zip") && fileexists(var.package)
    error_message = "package is not a zip file that exists. Build it: cargo lambda build --release --arm64 --output-format zip --bin bootstrap."
  }
}

variable "packages" {
  description = "Another zip for single stages, by stage. For tests that plant a fault; empty in production."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for file in values(var.packages) : fileexists(file)])
    error_message = "packages names a file that does not exist."
  }
}

variable "architecture" {
  description = "Instruction set of the package: arm64, or x86_64 where a local AWS runs the functions on such a machine."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is arm64 or x86_64, as the package was built."
  }
}

variable "journal" {
  description = "The journal's table (module journal)."
  type        = object({ name = string, arn = string })

  validation {
    condition     = can(regex("^arn:[a-z-]+:dynamodb:", var.journal.arn))
    error_message = "journal.arn is not the ARN of a DynamoDB table: use the outputs of the module journal."
  }
}

variable "notices" {
  description = "SNS topic of the notices and the key that encrypts it."
  type        = object({ topic_arn = string, key_arn = string })

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:", var.notices.topic_arn))
    error_message = "notices.topic_arn is not the ARN of an SNS topic: use the output topic_arn of the module observability."
  }
}

variable "secrets" {
  description = "ARNs of the secrets that plans name (source, target, edge) and of the key that encrypts them."
  type        = object({ arns = list(string), key_arn = string })

  validation {
    condition     = length(var.secrets.arns) > 0 && alltrue([for arn in var.secrets.arns : can(regex("^arn:[a-z-]+:secretsmanager:", arn))])
    error_message = "secrets.arns has the ARNs of the secrets of source, target and edge: use the outputs of the module secrets."
  }
}

variable "replication" {
  description = "ARNs of the DMS endpoints and replication instances that a run may use. Empty while there is no replication yet."
  type = object({
    endpoint_arns = optional(list(string), [])
    instance_arns = optional(list(string), [])
  })
  default = {}
}

variable "vpc" {
  description = "Private subnets and security groups of the functions."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })

  validation {
    condition     = length(var.vpc.subnet_ids) >= 2 && length(var.vpc.security_group_ids) >= 1
    error_message = "The functions need private subnets in two zones and a security group: use the outputs of the module network."
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

variable "log_level" {
  description = "CROSSOVER_LOG of the functions: error, warn, info, debug or trace."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["error", "warn", "info", "debug", "trace"], var.log_level)
    error_message = "log_level is error, warn, info, debug or trace."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept. They are part of a migration's evidence."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs knows certain numbers of days only, among them 7, 30, 90, 365, 731."
  }
}

variable "settings" {
  description = "Memory and time limit of single stages, where the defaults do not fit."
  type = map(object({
    memory_mb       = optional(number)
    timeout_seconds = optional(number)
  }))
  default = {}

  validation {
    condition     = alltrue([for s in values(var.settings) : s.timeout_seconds == null || try(s.timeout_seconds >= 1 && s.timeout_seconds <= 900, false)])
    error_message = "Lambda ends a function after 900 seconds at the latest."
  }
  validation {
    condition     = alltrue([for s in values(var.settings) : s.memory_mb == null || try(s.memory_mb >= 128 && s.memory_mb <= 10240, false)])
    error_message = "memory_mb is a number from 128 to 10240."
  }
}

variable "reserved_concurrency" {
  description = "Concurrency that is kept for single stages, by stage. connection-drain and final-sync must never wait for a free slot in a busy account."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for n in values(var.reserved_concurrency) : n >= 1])
    error_message = "A reserved concurrency of 0 would stop the function: use 1 or more, or leave the stage out."
  }
}

variable "environment" {
  description = "Further environment variables of every function, for example AWS_ENDPOINT_URL for a local AWS."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.environment), ["CROSSOVER_JOURNAL_TABLE", "CROSSOVER_NOTICE_TOPIC_ARN", "CROSSOVER_LOG"])) == 0
    error_message = "CROSSOVER_* are set by this module."
  }
}

variable "prefix" {
  description = "First part of the secrets' names, for example crossover/prod. The secret of key source is then crossover/prod/source."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9/_+=.@-]{0,100}$", var.prefix)) && !endswith(var.prefix, "/")
    error_message = "prefix is the first part of a secret's name: letters, digits and /_+=.@-, without a '/' at the end."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the secrets (module keys, `secrets`)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is not the ARN of a KMS key: use the output arns.secrets of the module keys."
  }
}

variable "secrets" {
  description = <<-TEXT
    The secrets by key. `value_version` is set where Terraform writes the value: raise it to write a new one. Without it the secret is
    created empty, and someone else writes the value (aws secretsmanager put-secret-value, or a rotation function).
    `rotation_function_arn` turns rotation on, every `rotation_days` days.
  TEXT
  type = map(object({
    description           = string
    value_version         = optional(number)
    rotation_function_arn = optional(string)
    rotation_days         = optional(number, 30)
  }))

  validation {
    condition     = alltrue([for key, s in var.secrets : can(regex("^[a-z0-9][a-z0-9/_-]{0,60}$", key))])
    error_message = "A key of secrets becomes part of the secret's name: use lower-case letters, digits, '/', '_' and '-'."
  }
  validation {
    condition     = alltrue([for s in var.secrets : s.rotation_function_arn == null || can(regex("^arn:[a-z-]+:lambda:", s.rotation_function_arn))])
    error_message = "rotation_function_arn is not the ARN of a Lambda function: rotation needs one that knows the database's engine."
  }
  validation {
    condition     = alltrue([for s in var.secrets : s.rotation_days >= 1 && s.rotation_days <= 1000])
    error_message = "rotation_days is a number from 1 to 1000."
  }
  validation {
    condition     = alltrue([for s in var.secrets : s.value_version == null || try(s.value_version >= 1, false)])
    error_message = "value_version starts at 1 and grows by 1 with every new value."
  }
}

variable "values" {
  description = "The values by key, as JSON text, for the secrets with a value_version. Write-only: they are neither in the plan nor in the state."
  type        = map(string)
  default     = {}
  ephemeral   = true

  validation {
    condition     = alltrue([for value in values(var.values) : can(keys(jsondecode(value)))])
    error_message = "A secret's value has to be a JSON object: the functions read host, port, dbname, username, password (databases) or key_id, key (edge)."
  }
}

variable "allow_delete" {
  description = "Deletes secrets at once instead of after 30 days. Set it only for the step that deletes the environment."
  type        = bool
  default     = false
}

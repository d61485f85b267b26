variable "name" {
  description = "Prefix of roles and log groups."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "name is used in names of many services: use 2 to 25 lower-case letters, digits and '-', a letter first."
  }
}

variable "machine_prefix" {
  description = "Prefix of the state machines' names. Empty: cutover, rollback and verify, as in a rehearsal; set it where several environments share an account."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{0,40}$", var.machine_prefix))
    error_message = "machine_prefix has at most 40 letters, digits, '-' and '_'."
  }
}

variable "definitions" {
  description = "Folder of the *.asl.json files. Each file becomes a state machine with the file's name."
  type        = string

  validation {
    condition     = length(fileset(var.definitions, "*.asl.json")) > 0
    error_message = "definitions is not a folder with *.asl.json files: use the folder statemachine of the repository (cargo xtask asl makes them)."
  }
}

variable "functions" {
  description = "ARN of each stage's alias, by stage (output alias_arns of the module lambdas)."
  type        = map(string)

  validation {
    condition     = length(var.functions) > 0 && alltrue([for arn in values(var.functions) : can(regex("^arn:[a-z-]+:lambda:", arn))])
    error_message = "functions maps each stage to the ARN of its alias: use the output alias_arns of the module lambdas."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts definitions, inputs, outputs and logs (module keys, `logs`)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is not the ARN of a KMS key: use the output arns.logs of the module keys."
  }
}

variable "log_level" {
  description = "Which events are logged: ALL, ERROR, FATAL or OFF. The payload is never logged."
  type        = string
  default     = "ALL"

  validation {
    condition     = contains(["ALL", "ERROR", "FATAL", "OFF"], var.log_level)
    error_message = "log_level is ALL, ERROR, FATAL or OFF."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365
}


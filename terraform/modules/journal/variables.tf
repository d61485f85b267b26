variable "name" {
  description = "Prefix of the table's name: the table is NAME-journal."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "name is used in names of many services: use 2 to 25 lower-case letters, digits and '-', a letter first."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the table (module keys, `data`)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is not the ARN of a KMS key: use the output arns.data of the module keys."
  }
}

variable "allow_delete" {
  description = "Lifts the deletion protection. Set it only for the step that deletes the environment."
  type        = bool
  default     = false
}

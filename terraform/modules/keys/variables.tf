variable "name" {
  description = "Prefix of the keys' aliases, for example crossover-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "name is used in names of many services: use 2 to 25 lower-case letters, digits and '-', a letter first."
  }
}

variable "deletion_window_days" {
  description = "How long a deleted key can still be restored. Backups that are encrypted with a lost key are lost, too."
  type        = number
  default     = 30

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "KMS keeps a deleted key for 7 to 30 days: set deletion_window_days to a number in that range."
  }
}

variable "lanes" {
  description = "The lanes by name, with the migration and the address of the edge's admin API, as in the plan."
  type = map(object({
    migration_id = string
    admin_url    = optional(string, "")
  }))

  validation {
    condition     = alltrue([for lane in keys(var.lanes) : can(regex("^[a-z0-9-]{1,40}$", lane))])
    error_message = "A lane's name is 1 to 40 lower-case letters, digits and '-', as in the plan."
  }
}

variable "allow_delete" {
  description = "Whether the environment may be deleted at all. Two steps on purpose: first an apply with true, then the destroy."
  type        = bool
  default     = false
}

variable "status_command" {
  description = <<-TEXT
    Command that answers whether a lane may lose its infrastructure. It gets CROSSOVER_LANE, CROSSOVER_MIGRATION_ID and CROSSOVER_ADMIN_URL in its environment. Exit
    status 0: the lane has completed, or no run has ever touched it. Anything else, a missing command included: refuse.
  TEXT
  type        = string
  default     = "crossover status --lane \"$CROSSOVER_LANE\" --require completed"

  validation {
    condition     = length(trimspace(var.status_command)) > 0
    error_message = "status_command is empty: without an answer about the lane nothing may be deleted."
  }
}

variable "name" {
  description = "Prefix of the roles' names."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "name is used in names of many services: use 2 to 25 lower-case letters, digits and '-', a letter first."
  }
}

variable "provider_arn" {
  description = "ARN of the account's OIDC provider of GitHub, where it exists; null creates it. An account can have one only."
  type        = string
  default     = null

  validation {
    condition     = var.provider_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.provider_arn))
    error_message = "provider_arn is not the ARN of the OIDC provider token.actions.githubusercontent.com."
  }
}

variable "roles" {
  description = <<-TEXT
    Roles by key. A role can be assumed only by jobs of `repository` (owner/name) that run in `environment`, so GitHub's reviewers of that environment stand before
    it. `machine_arns`: state machines that the role may start and follow; `approves`: whether it may
    also answer a cutover that waits for its approval. `reads`: what the commands of docs/operate.md read besides. `policy` and
    `managed_policy_arns`: further rights.
  TEXT
  type = map(object({
    repository   = string
    environment  = string
    machine_arns = optional(list(string), [])
    approves     = optional(bool, false)
    kms_key_arns = optional(list(string), [])
    reads = optional(object({
      machine_arns = list(string)
      journal_arn  = string
      # The secret of the edge's admin API is read; of the others only whether they exist.
      edge_secret_arn = string
      secret_arns     = list(string)
    }))
    policy              = optional(string)
    managed_policy_arns = optional(list(string), [])
    max_session_seconds = optional(number, 3600)
  }))

  validation {
    condition     = alltrue([for r in values(var.roles) : can(regex("^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", r.repository))])
    error_message = "repository is owner/name, without wildcards."
  }
  validation {
    condition     = alltrue([for r in values(var.roles) : can(regex("^[A-Za-z0-9][A-Za-z0-9_.-]*$", r.environment))])
    error_message = "environment is the name of one GitHub environment, without wildcards: a role for every environment would pass by its reviewers."
  }
  validation {
    condition     = alltrue([for r in values(var.roles) : alltrue([for arn in r.machine_arns : can(regex("^arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[^:*]+$", arn))])])
    error_message = "machine_arns are ARNs of state machines, without version and wildcards: use the output arns of the module statemachine."
  }
  validation {
    condition     = alltrue([for r in values(var.roles) : r.policy == null || can(jsondecode(r.policy).Statement)])
    error_message = "policy is not an IAM policy as JSON text: use jsonencode."
  }
  validation {
    condition     = alltrue([for r in values(var.roles) : r.max_session_seconds >= 3600 && r.max_session_seconds <= 43200])
    error_message = "max_session_seconds is a number from 3600 to 43200."
  }
}

variable "name" {
  description = "Prefix of alarms, dashboard and topic: the topic is NAME-notices."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "name is used in names of many services: use 2 to 25 lower-case letters, digits and '-', a letter first."
  }
}

variable "logs_key_arn" {
  description = "Key that encrypts the topic (module keys, `logs`, whose policy lets CloudWatch, EventBridge and DMS use it)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.logs_key_arn))
    error_message = "logs_key_arn is not the ARN of a KMS key: use the output arns.logs of the module keys."
  }
}

variable "subscriptions" {
  description = "Who gets notices and alarms, by a name of yours: protocol (email, sms, https, lambda, sqs) and endpoint."
  type = map(object({
    protocol = string
    endpoint = string
  }))
  default = {}

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : contains(["email", "sms", "https", "lambda", "sqs"], s.protocol)])
    error_message = "protocol is email, sms, https, lambda or sqs. Plain http would send alarms in the clear."
  }
}

variable "streams" {
  description = "The tasks by MIGRATION/STREAM with their metrics' dimensions (output streams of the module dms)."
  type = map(object({
    migration   = string
    stream      = string
    identifier  = string
    arn         = string
    instance_id = string
    metric_id   = string
  }))
  default = {}

  validation {
    condition     = alltrue([for s in values(var.streams) : contains(["forward", "reverse", "post-rollback"], s.stream)])
    error_message = "stream is forward, reverse or post-rollback."
  }
}

variable "task_logs" {
  description = "Log group of the tasks of each replication instance, by key (output log_group_names of the module dms)."
  type        = map(string)
  default     = {}
}

variable "clusters" {
  description = "Identifier of each Aurora cluster, by key (output cluster_identifiers of the module aurora)."
  type        = map(string)
  default     = {}
}

variable "source_instances" {
  description = "RDS instances that are sources, by key: identifier. A source outside RDS has no metrics here: watch its slots where it runs."
  type        = map(string)
  default     = {}
}

variable "stage_logs" {
  description = "Log group of each stage's function (output log_group_names of the module lambdas)."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["abort", "connection-drain", "final-sync", "reverse-sync", "rollback"], keys(var.stage_logs))) == 0
    error_message = "stage_logs lacks a stage whose log has the pause or of reverse replication: use the output log_group_names of the module lambdas."
  }
}

variable "machines" {
  description = "ARN of each state machine (output arns of the module statemachine)."
  type        = map(string)
}

variable "lanes" {
  description = "Names of the lanes: each has a figure of its own for the pause."
  type        = set(string)
  default     = ["main"]
}

variable "load_balancers" {
  description = "Application load balancers of the two sides' API, by side: the part of the ARN behind loadbalancer/. For p95 and error rate; empty where the API has none."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for side, lb in var.load_balancers : contains(["source", "target"], side) && startswith(lb, "app/")])
    error_message = "load_balancers maps source and target to app/NAME/ID."
  }
}

variable "limits" {
  description = "Figures above which an alarm goes off."
  type = object({
    lag_seconds        = optional(number, 30)
    pause_ms           = optional(number, 8000)
    slot_gb            = optional(number, 20)
    p95_ms             = optional(number, 150)
    error_rate_percent = optional(number, 0.1)
  })
  default = {}

  validation {
    condition     = var.limits.lag_seconds > 0 && var.limits.pause_ms > 0 && var.limits.slot_gb > 0 && var.limits.p95_ms > 0 && var.limits.error_rate_percent > 0
    error_message = "Every limit is above 0: a limit of 0 is an alarm that never ends."
  }
  validation {
    condition     = var.limits.pause_ms <= 20000
    error_message = "pause_ms is at most 20000: the edge holds no write longer (docs/cutover-protocol.md)."
  }
}

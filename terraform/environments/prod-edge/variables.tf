variable "account_id" {
  description = "Cloudflare account."
  type        = string
}

variable "lanes" {
  description = "One Worker per entry: origins, routes and domains by the name of the lane that it serves until a directory is published. See modules/edge."
  type = map(object({
    origins              = object({ source = string, target = string })
    origins_allowed      = optional(set(string))
    routes               = optional(map(object({ zone_id = string, pattern = string })), {})
    custom_domains       = optional(map(object({ zone_id = string, hostname = string })), {})
    kv_namespaces        = optional(set(string), [])
    hold_max_ms          = optional(number, 10000)
    held_max             = optional(number, 2000)
    in_flight_max        = optional(number, 4000)
    turn_max_ms          = optional(number, 250)
    forward_max_ms       = optional(number, 300000)
    forwarded_host       = optional(bool, false)
    admin_keys_stored    = optional(bool, false)
    metrics_token_stored = optional(bool, false)
    metrics_dataset      = optional(string)
    deployed_migration   = optional(string)
  }))

  validation {
    condition     = length(var.lanes) > 0 && alltrue([for lane in keys(var.lanes) : can(regex("^[a-z0-9-]{1,40}$", lane))])
    error_message = "lanes has at least one lane, named with 1 to 40 lower-case letters, digits and '-', as in the plan."
  }
}

variable "bundle" {
  description = "Folder of the Worker's bundle."
  type        = string
  default     = "../../../target/edge-router"
}

variable "name" {
  description = "Prefix of the names."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "name is used in names of many services: use 2 to 25 lower-case letters, digits and '-', a letter first."
  }
}

variable "cidr" {
  description = "Address range of the VPC, /16 to /22. It must not overlap the networks that it is connected with."
  type        = string
  default     = "10.64.0.0/20"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 22, false)
    error_message = "cidr is not an IPv4 range from /16 to /22, for example 10.64.0.0/20."
  }
}

variable "zones" {
  description = "Availability zones and the number of each one's part of the range. The number never changes, so that a further zone moves no subnet."
  type        = map(number)

  validation {
    condition     = length(var.zones) >= 2
    error_message = "Aurora and DMS demand subnets in at least two availability zones."
  }
  validation {
    condition     = length(distinct(values(var.zones))) == length(var.zones) && alltrue([for n in values(var.zones) : n >= 0 && n <= 7 && floor(n) == n])
    error_message = "Each zone needs a number of its own from 0 to 7."
  }
}

variable "internet_egress" {
  description = "Way of the functions to the edge's admin API, which is on the internet: none, one_nat (one gateway), nat_per_zone."
  type        = string
  default     = "one_nat"

  validation {
    condition     = contains(["none", "one_nat", "nat_per_zone"], var.internet_egress)
    error_message = "internet_egress is none, one_nat or nat_per_zone. With none, the functions reach the edge only over your own route."
  }
}

variable "interface_endpoints" {
  description = "AWS services that are reached without leaving the VPC. The defaults are those that the functions and DMS call; each costs about 7 USD per zone and month."
  type        = set(string)
  default     = ["secretsmanager", "dms", "monitoring", "sns", "logs"]

  validation {
    condition     = alltrue([for s in var.interface_endpoints : can(regex("^[a-z0-9][a-z0-9.-]+$", s))])
    error_message = "interface_endpoints has short names of services, for example secretsmanager."
  }
}

variable "gateway_endpoints" {
  description = "Services with a gateway endpoint, free of charge."
  type        = set(string)
  default     = ["dynamodb", "s3"]

  validation {
    condition     = length(setsubtract(var.gateway_endpoints, ["dynamodb", "s3"])) == 0
    error_message = "Only dynamodb and s3 have gateway endpoints."
  }
}

variable "outside_databases" {
  description = "Databases outside this VPC (the source) that functions and DMS connect to: address range and port by a name."
  type = map(object({
    cidr = string
    port = optional(number, 5432)
  }))
  default = {}

  validation {
    condition     = alltrue([for d in values(var.outside_databases) : can(cidrhost(d.cidr, 0)) && d.cidr != "0.0.0.0/0"])
    error_message = "outside_databases needs the address range of each database, not 0.0.0.0/0."
  }
  validation {
    condition     = alltrue([for d in values(var.outside_databases) : d.port >= 1 && d.port <= 65535])
    error_message = "A port is a number from 1 to 65535."
  }
}

variable "flow_logs" {
  description = "Records refused connections, for the question \"which client could not connect\"."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "How long flow logs are kept."
  type        = number
  default     = 365
}

variable "logs_key_arn" {
  description = "Key of the log groups (module keys, `logs`)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.logs_key_arn))
    error_message = "logs_key_arn is not the ARN of a KMS key: use the output arns.logs of the module keys."
  }
}

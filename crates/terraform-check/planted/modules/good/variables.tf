variable "name" {
  description = "Name of the migration; every name begins with it"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "Use 2 to 31 small letters, digits and dashes, a letter first."
  }
}

variable "endpoints" {
  description = "Servers that DMS connects to, by side"
  type = map(object({
    engine     = string
    secret_arn = string
  }))
}

variable "repository" {
  description = "Repository whose workflows may take the role, as OWNER/NAME"
  type        = string
}

variable "network" {
  description = "VPC, its subnets and the security group of the functions"
  type = object({
    vpc_id          = string
    subnet_ids      = list(string)
    client_group_id = string
  })
}

variable "password" {
  description = "First password of the database's owner"
  type        = string
  ephemeral   = true
}

variable "package" {
  description = "Path of the functions' zip"
  type        = string
}

variable "with_alarm" {
  description = "Whether there is an alarm on the age of changes"
  type        = bool
  default     = true
}

variable "package" {
  description = "The zip with the functions' program."
  type        = string
}

variable "certificates" {
  description = "PEM file with the authorities of both databases."
  type        = string

  validation {
    condition     = fileexists(var.certificates)
    error_message = "certificates is not a file that exists. AWS's bundle of a region is published in the RDS user guide."
  }
}

variable "source_cidr" {
  description = "Address range of the source database."
  type        = string
}

variable "tables" {
  description = "Every table that moves, as schema.table."
  type        = list(string)
}

variable "admin_url" {
  description = "The edge's admin API."
  type        = string
  default     = "https://edge.example.com"
}

variable "lane_status_command" {
  description = "Command that says whether the lane has completed. Null: crossover status."
  type        = string
  default     = null
}

variable "allow_delete" {
  description = "First step of deleting everything."
  type        = bool
  default     = false
}

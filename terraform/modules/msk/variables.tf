variable "name" {
  description = "Prefix of the names."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "name is used in names of many services: use 2 to 25 lower-case letters, digits and '-', a letter first."
  }
}

variable "clusters" {
  description = "Clusters by key: Serverless, or with `provisioned` brokers of your size. Both authenticate with IAM only."
  type = map(object({
    provisioned = optional(object({
      kafka_version    = optional(string, "3.8.x")
      instance_type    = optional(string, "kafka.m7g.large")
      brokers_per_zone = optional(number, 1)
      volume_gb        = optional(number, 100)
    }))
  }))
  default = {}

  validation {
    condition     = alltrue([for key in keys(var.clusters) : can(regex("^[a-z][a-z0-9-]{0,19}$", key))])
    error_message = "A cluster's key becomes part of its name: 1 to 20 lower-case letters, digits and '-', a letter first."
  }
  validation {
    condition     = alltrue([for c in values(var.clusters) : c.provisioned == null || try(startswith(c.provisioned.instance_type, "kafka.") && c.provisioned.brokers_per_zone >= 1 && c.provisioned.volume_gb >= 1, false)])
    error_message = "provisioned needs an instance_type of MSK (kafka.m7g.large), at least one broker per zone, and at least 1 GB a broker."
  }
}

variable "plugins" {
  description = "Debezium plugins by key: a zip in S3 with the connector and AWS's msk-config-providers (for secrets and certificates)."
  type = map(object({
    bucket_arn     = string
    file_key       = string
    object_version = optional(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for p in values(var.plugins) : can(regex("^arn:[a-z-]+:s3:::[^/]+$", p.bucket_arn)) && endswith(p.file_key, ".zip")])
    error_message = "A plugin has the ARN of its bucket and the key of a .zip file."
  }
}

variable "connectors" {
  description = <<-TEXT
    Debezium connectors by key. `engine` is postgresql or mysql. The secret has username and password; it is read by the workers, so it is not in
    the state. `ca_object` is BUCKET/KEY of the authority's certificates: PEM for PostgreSQL, a JKS trust store for MySQL. `slot` and `publication`
    (PostgreSQL) must exist, and `server_id` (MySQL) must be unique in the replication topology.
  TEXT
  type = map(object({
    cluster            = string
    plugin             = string
    engine             = string
    host               = string
    port               = optional(number)
    database           = string
    secret_arn         = string
    secret_key_arn     = string
    ca_object          = string
    tables             = list(string)
    topic_prefix       = string
    slot               = optional(string)
    publication        = optional(string)
    server_id          = optional(number)
    snapshot_mode      = optional(string, "initial")
    partitions         = optional(number, 1)
    replication_factor = optional(number, 3)
    retention_hours    = optional(number, 168)
    capacity_units     = optional(number, 1)
    connect_version    = optional(string, "3.7.x")
  }))
  default = {}

  validation {
    condition     = alltrue([for c in values(var.connectors) : contains(["postgresql", "mysql"], c.engine)])
    error_message = "engine is postgresql or mysql."
  }
  validation {
    condition     = alltrue([for c in values(var.connectors) : contains(keys(var.clusters), c.cluster) && contains(keys(var.plugins), c.plugin)])
    error_message = "cluster is a key of clusters and plugin a key of plugins."
  }
  validation {
    condition     = alltrue([for c in values(var.connectors) : c.engine != "postgresql" || (c.slot != null && c.publication != null)])
    error_message = "A connector for PostgreSQL needs slot and publication: one that Debezium makes itself would be left behind without an owner."
  }
  validation {
    condition     = alltrue([for c in values(var.connectors) : c.engine != "mysql" || c.server_id != null])
    error_message = "A connector for MySQL needs a server_id that no other replica uses."
  }
  validation {
    condition     = alltrue([for c in values(var.connectors) : can(regex("^arn:[a-z-]+:secretsmanager:", c.secret_arn)) && can(regex("^arn:[a-z-]+:kms:", c.secret_key_arn))])
    error_message = "secret_arn and secret_key_arn are ARNs: use the outputs of the modules secrets and keys."
  }
  validation {
    condition     = alltrue([for c in values(var.connectors) : length(c.tables) > 0 && alltrue([for t in c.tables : can(regex("^[^.]+\\.[^.]+$", t))])])
    error_message = "tables lists every table as schema.table (MySQL: database.table)."
  }
  validation {
    # More than one partition would lose the order of a transaction's changes.
    condition     = alltrue([for c in values(var.connectors) : c.partitions == 1])
    error_message = "partitions is 1: the applier needs the order of commits, and Kafka keeps an order inside a partition only."
  }
  validation {
    condition     = alltrue([for c in values(var.connectors) : can(regex("^[^/]+/.+$", c.ca_object))])
    error_message = "ca_object is BUCKET/KEY of the authority's certificates: without it the server's name cannot be verified."
  }
}

variable "consumer_groups" {
  description = "Consumer groups that are watched, by a name of yours: cluster (key), group and topic."
  type = map(object({
    cluster = string
    group   = string
    topic   = string
  }))
  default = {}

  validation {
    condition     = alltrue([for g in values(var.consumer_groups) : contains(keys(var.clusters), g.cluster)])
    error_message = "cluster is a key of clusters."
  }
}

variable "max_lag_seconds" {
  description = "Lag of a consumer group above which an alarm goes off."
  type        = number
  default     = 30

  validation {
    condition     = var.max_lag_seconds >= 1
    error_message = "max_lag_seconds is at least 1."
  }
}

variable "alarm_topic_arn" {
  description = "SNS topic of the alarms (module observability)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:", var.alarm_topic_arn))
    error_message = "alarm_topic_arn is not the ARN of an SNS topic: an alarm that nobody gets is none."
  }
}

variable "subnet_ids" {
  description = "Private subnets, one per zone (module network)."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "MSK demands subnets in at least two availability zones."
  }
}

variable "security_group_ids" {
  description = "Security groups of brokers and workers (module network, `kafka`)."
  type        = list(string)
}

variable "kms_key_arn" {
  description = "Key of the brokers' storage (module keys, `data`)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is not the ARN of a KMS key: use the output arns.data of the module keys."
  }
}

variable "logs_key_arn" {
  description = "Key of the log groups (module keys, `logs`)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.logs_key_arn))
    error_message = "logs_key_arn is not the ARN of a KMS key: use the output arns.logs of the module keys."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 365
}

# One environment: every module once, wired. dev, prod and the example differ in sizes only, so what was tested in one is
# what runs in the other.

module "keys" {
  source = "../keys"

  name                 = var.name
  deletion_window_days = var.allow_delete ? 7 : 30
}

module "network" {
  source = "../network"

  name                = var.name
  cidr                = var.network.cidr
  zones               = var.network.zones
  internet_egress     = var.network.internet_egress
  interface_endpoints = var.network.interface_endpoints
  gateway_endpoints   = var.network.gateway_endpoints
  outside_databases   = var.network.outside_databases
  flow_logs           = var.network.flow_logs
  log_retention_days  = var.log_retention_days
  logs_key_arn        = module.keys.arns.logs
}

module "secrets" {
  source = "../secrets"

  prefix       = var.secret_prefix
  kms_key_arn  = module.keys.arns.secrets
  secrets      = var.secrets
  values       = var.secret_values
  allow_delete = var.allow_delete
}

module "journal" {
  source = "../journal"

  name         = var.name
  kms_key_arn  = module.keys.arns.data
  allow_delete = var.allow_delete
}

module "aurora" {
  source = "../aurora"

  name                        = var.name
  clusters                    = var.clusters
  subnet_ids                  = module.network.private_subnet_ids
  security_group_ids          = [module.network.security_group_ids.databases]
  kms_key_arn                 = module.keys.arns.data
  secrets_key_arn             = module.keys.arns.secrets
  monitoring_interval_seconds = var.cluster_monitoring.interval_seconds
  performance_insights        = var.cluster_monitoring.performance_insights
  log_exports                 = var.cluster_monitoring.log_exports
  allow_delete                = var.allow_delete
  skip_final_snapshot         = var.skip_final_snapshot
}

module "dms" {
  source = "../dms"

  name                 = var.name
  instances            = var.replication.instances
  certificates         = var.replication.certificates
  migrations           = var.replication.migrations
  serverless           = var.replication.serverless
  create_service_roles = var.replication.create_service_roles
  databases = {
    for key, database in var.replication.databases : key => {
      secret_arn     = module.secrets.arns[database.secret]
      secret_key_arn = module.keys.arns.secrets
      database_name  = database.database_name
      certificate    = database.certificate
    }
  }
  subnet_ids         = module.network.private_subnet_ids
  security_group_ids = [module.network.security_group_ids.dms]
  kms_key_arn        = module.keys.arns.data
  logs_key_arn       = module.keys.arns.logs
  log_retention_days = var.log_retention_days
}

module "lambdas" {
  source = "../lambdas"

  name                 = var.name
  package              = var.package
  packages             = var.functions.packages
  architecture         = var.functions.architecture
  environment          = var.functions.environment
  settings             = var.functions.settings
  log_level            = var.functions.log_level
  reserved_concurrency = var.functions.reserved_concurrency
  journal              = { name = module.journal.table_name, arn = module.journal.table_arn }
  notices              = { topic_arn = module.observability.topic_arn, key_arn = module.keys.arns.logs }
  secrets              = { arns = [for key in sort(keys(var.secrets)) : module.secrets.arns[key]], key_arn = module.keys.arns.secrets }
  replication          = { endpoint_arns = module.dms.used_endpoint_arns, instance_arns = module.dms.instance_arns }
  vpc                  = { subnet_ids = module.network.private_subnet_ids, security_group_ids = [module.network.security_group_ids.functions] }
  logs_key_arn         = module.keys.arns.logs
  log_retention_days   = var.log_retention_days
}

module "statemachine" {
  source = "../statemachine"

  name               = var.name
  machine_prefix     = var.machine_prefix
  definitions        = var.definitions
  functions          = module.lambdas.alias_arns
  kms_key_arn        = module.keys.arns.logs
  log_retention_days = var.log_retention_days
}

module "observability" {
  source = "../observability"

  name             = var.name
  logs_key_arn     = module.keys.arns.logs
  subscriptions    = var.notices.subscriptions
  streams          = module.dms.streams
  task_logs        = module.dms.log_group_names
  clusters         = module.aurora.cluster_identifiers
  source_instances = var.notices.source_instances
  stage_logs       = module.lambdas.log_group_names
  machines         = module.statemachine.arns
  lanes            = length(var.lanes) > 0 ? toset(keys(var.lanes)) : toset(["main"])
  load_balancers   = var.notices.load_balancers
  limits           = var.notices.limits
}

# Depends on everything, so a destroy asks here first and deletes nothing when the answer is no.
module "lane_guard" {
  source = "../lane-guard"

  lanes          = var.lanes
  allow_delete   = var.allow_delete
  status_command = coalesce(var.lane_status_command, "crossover status --lane \"$CROSSOVER_LANE\" --require completed")

  depends_on = [
    module.keys, module.network, module.secrets, module.journal, module.aurora, module.dms, module.lambdas, module.statemachine, module.observability,
  ]
}

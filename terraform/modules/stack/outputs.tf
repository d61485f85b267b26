output "state_machine_arns" {
  description = "ARN of each state machine: cutover, rollback, verify."
  value       = module.statemachine.arns
}

output "state_machine_version_arns" {
  description = "Published version of each state machine, for the evidence of a run."
  value       = module.statemachine.version_arns
}

output "function_names" {
  description = "Function of each stage."
  value       = module.lambdas.function_names
}

output "function_role_arns" {
  description = "Role of each stage."
  value       = module.lambdas.role_arns
}

output "function_alias_arns" {
  description = "Alias of each stage's function."
  value       = module.lambdas.alias_arns
}

output "journal_table" {
  description = "Name of the journal's table."
  value       = module.journal.table_name
}

output "journal_table_arn" {
  description = "ARN of the journal's table."
  value       = module.journal.table_arn
}

output "secret_arns" {
  description = "ARN of each secret by key."
  value       = module.secrets.arns
}

output "notice_topic_arn" {
  description = "Topic of notices and alarms."
  value       = module.observability.topic_arn
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = module.observability.alarm_names
}

output "secret_names" {
  description = "Name of each secret: the secret_id of plans."
  value       = module.secrets.names
}

output "cluster_endpoints" {
  description = "Writer endpoint of each Aurora cluster."
  value       = module.aurora.endpoints
}

output "replication_plans" {
  description = "The part `replication` of each migration's plan."
  value       = module.dms.plans
}

output "replication_streams" {
  description = "Every task with its identifiers."
  value       = module.dms.streams
}

output "key_arns" {
  description = "KMS keys by kind."
  value       = module.keys.arns
}

output "network" {
  description = "Subnets and security groups, for what is added beside (msk)."
  value = {
    vpc_id             = module.network.vpc_id
    private_subnet_ids = module.network.private_subnet_ids
    security_group_ids = module.network.security_group_ids
    nat_addresses      = module.network.nat_addresses
  }
}

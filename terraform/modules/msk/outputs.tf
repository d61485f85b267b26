output "bootstrap_servers" {
  description = "Bootstrap servers (IAM) of each cluster."
  value       = local.bootstrap
}

output "cluster_arns" {
  description = "ARN of each cluster."
  value       = local.cluster_arns
}

output "connector_arns" {
  description = "ARN of each connector."
  value       = { for key, connector in aws_mskconnect_connector.this : key => connector.arn }
}

output "connector_configurations" {
  description = "Settings of each connector, without values of secrets, for the evidence of a run."
  value       = { for key, connector in aws_mskconnect_connector.this : key => connector.connector_configuration }
}

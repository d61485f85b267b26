output "endpoints" {
  description = "Writer endpoint of each cluster: `host` of the target's secret (pre-check PG36 refuses a reader)."
  value       = { for key, cluster in aws_rds_cluster.this : key => cluster.endpoint }
}

output "cluster_arns" {
  description = "ARN of each cluster."
  value       = { for key, cluster in aws_rds_cluster.this : key => cluster.arn }
}

output "cluster_identifiers" {
  description = "Identifier of each cluster: the dimension of its metrics."
  value       = { for key, cluster in aws_rds_cluster.this : key => cluster.cluster_identifier }
}

output "resource_ids" {
  description = "Resource id of each cluster, for policies with rds-db:connect."
  value       = { for key, cluster in aws_rds_cluster.this : key => cluster.cluster_resource_id }
}

output "master_secret_arns" {
  description = "Secret of each cluster's master user, made and rotated by RDS."
  value       = { for key, cluster in aws_rds_cluster.this : key => one(cluster.master_user_secret[*].secret_arn) }
}

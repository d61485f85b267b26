output "cluster_arn" {
  description = "ARN of the target cluster"
  value       = aws_rds_cluster.target.arn
}

output "role_arns" {
  description = "ARN of each role: role-to-assume of the workflow."
  value       = { for key, role in aws_iam_role.this : key => role.arn }
}

output "provider_arn" {
  description = "ARN of the OIDC provider."
  value       = local.provider_arn
}

output "arns" {
  description = "ARN of each key by its kind: secrets, data, logs."
  value       = { for kind, key in aws_kms_key.this : kind => key.arn }
}

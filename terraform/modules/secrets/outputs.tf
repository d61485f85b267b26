output "arns" {
  description = "ARN of each secret by key. Known only after the value is written, so that nobody reads an empty secret."
  value = {
    for key, secret in aws_secretsmanager_secret.this :
    key => contains(keys(aws_secretsmanager_secret_version.this), key) ? aws_secretsmanager_secret_version.this[key].arn : secret.arn
  }
}

output "names" {
  description = "Name of each secret by key: the secret_id of a plan."
  value       = { for key, secret in aws_secretsmanager_secret.this : key => secret.name }
}

output "alias_arns" {
  description = "ARN of each stage's alias, by stage: what state machines call."
  value       = { for stage, alias in aws_lambda_alias.live : stage => alias.arn }
}

output "function_names" {
  description = "Name of each stage's function, by stage."
  value       = { for stage, function in aws_lambda_function.stage : stage => function.function_name }
}

output "log_group_names" {
  description = "Log group of each stage's function, by stage."
  value       = { for stage, group in aws_cloudwatch_log_group.stage : stage => group.name }
}

output "role_arns" {
  description = "ARN of each stage's role, by stage."
  value       = { for stage, role in aws_iam_role.stage : stage => role.arn }
}

output "versions" {
  description = "Version behind each stage's alias, for the evidence of a run."
  value       = { for stage, function in aws_lambda_function.stage : stage => function.version }
}

output "arns" {
  description = "ARN of each state machine by its file's name: cutover, rollback, verify."
  value       = { for name, machine in aws_sfn_state_machine.machine : name => machine.arn }
}

output "version_arns" {
  description = "ARN of the published version of each state machine."
  value       = { for name, machine in aws_sfn_state_machine.machine : name => machine.state_machine_version_arn }
}

output "names" {
  description = "Name of each state machine."
  value       = { for name, machine in aws_sfn_state_machine.machine : name => machine.name }
}

output "table_name" {
  description = "Value of CROSSOVER_JOURNAL_TABLE."
  value       = aws_dynamodb_table.journal.name
}

output "table_arn" {
  description = "ARN of the table, for the functions' permissions."
  value       = aws_dynamodb_table.journal.arn
}

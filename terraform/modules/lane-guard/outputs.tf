output "lanes" {
  description = "The guarded lanes."
  value       = keys(terraform_data.lane)
}

output "versions" {
  description = "Deployed version of each lane's Worker, for the evidence of a run."
  value       = { for lane, edge in module.edge : lane => edge.version_id }
}

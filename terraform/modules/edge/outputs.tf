output "version_id" {
  description = "The deployed version, for the evidence of a run."
  value       = cloudflare_worker_version.router.id
}

output "worker_name" {
  description = "Name of the Worker, for wrangler secret put ADMIN_KEYS --name NAME."
  value       = cloudflare_worker.router.name
}

output "plan" {
  description = "What the plan of a run needs from here."
  value = {
    replication    = module.crossover.replication_plans["shop"]
    secrets        = module.crossover.secret_names
    target_host    = module.crossover.cluster_endpoints["main"]
    state_machines = module.crossover.state_machine_arns
  }
}

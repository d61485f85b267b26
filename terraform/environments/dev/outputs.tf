output "crossover" {
  description = "Everything that a plan and the command need: names and ARNs, no secrets."
  value = {
    state_machines    = module.crossover.state_machine_arns
    functions         = module.crossover.function_names
    function_roles    = module.crossover.function_role_arns
    journal_table     = module.crossover.journal_table
    notice_topic_arn  = module.crossover.notice_topic_arn
    secrets           = module.crossover.secret_names
    alarms            = module.crossover.alarm_names
    cluster_endpoints = module.crossover.cluster_endpoints
    replication       = module.crossover.replication_plans
  }
}

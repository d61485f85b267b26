module "crossover" {
  source = "../../modules/stack"

  name           = var.name
  package        = var.package
  functions      = var.functions
  definitions    = var.definitions
  machine_prefix = ""

  # Small: one way out, no flow logs, short memory.
  network = {
    zones           = var.zones
    internet_egress = "one_nat"
    flow_logs       = false

    # MiniStack forgets the prefix list of a rule: with it, every later plan fails.
    gateway_endpoints = local.local_aws ? [] : ["dynamodb", "s3"]
  }
  log_retention_days  = 14
  skip_final_snapshot = true
  cluster_monitoring  = { interval_seconds = 0, performance_insights = false, log_exports = [] }

  secret_prefix = var.secret_prefix
  secrets = {
    for key, description in merge(
      { source = "The source database", target = "The target database", edge = "Key of the edge's admin API" },
      var.secrets,
    ) : key => { description = description, value_version = var.secret_version }
  }
  secret_values = var.secret_values

  clusters    = var.clusters
  replication = var.replication

  lanes               = var.lanes
  lane_status_command = var.lane_status_command
  allow_delete        = var.allow_delete
}

module "crossover" {
  source = "../../modules/stack"

  name           = var.name
  package        = var.package
  definitions    = "../../../statemachine"
  machine_prefix = "${var.name}-"

  # The two functions in the pause never wait for a slot that someone else has taken.
  functions = { reserved_concurrency = { connection-drain = 2, final-sync = 2, abort = 2 } }

  network = {
    zones             = var.zones
    internet_egress   = "nat_per_zone"
    outside_databases = var.source_network
  }

  # Values are written by people or by a rotation function, never by Terraform.
  secret_prefix = "crossover/prod"
  secrets = merge(
    {
      source = { description = "The source database" }
      target = { description = "The target database" }
      edge   = { description = "Key of the edge's admin API" }
    },
    { for key, description in var.secrets : key => { description = description } },
  )

  clusters = var.clusters
  replication = {
    certificates = { for key, path in var.certificates : key => file(path) }
    instances    = var.instances
    databases    = var.databases
    migrations   = var.migrations
  }

  lanes               = var.lanes
  lane_status_command = var.lane_status_command
  allow_delete        = var.allow_delete

  notices = {
    subscriptions    = var.subscriptions
    source_instances = var.source_instances
    load_balancers   = var.load_balancers
  }
}

locals {
  # A workflow tells the topic when it fails.
  publish_notices = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sns:Publish", Resource = module.crossover.notice_topic_arn }]
  })
  # What the command reads, whatever it starts.
  operator_reads = {
    machine_arns    = [module.crossover.state_machine_arns["cutover"], module.crossover.state_machine_arns["rollback"]]
    journal_arn     = module.crossover.journal_table_arn
    edge_secret_arn = module.crossover.secret_arns["edge"]
    secret_arns     = [module.crossover.secret_arns["source"], module.crossover.secret_arns["target"]]
  }
  # Histories, the journal and the edge's secret are encrypted.
  operator_keys = [for kind in ["logs", "data", "secrets"] : module.crossover.key_arns[kind]]
}

# One role per step, each behind an environment of its own: who may plan may not cut over.
module "github" {
  for_each = var.repository == null ? toset([]) : toset(["this"])
  source   = "../../modules/github"

  name         = var.name
  provider_arn = var.github_provider_arn
  roles = {
    plan = {
      repository          = var.repository
      environment         = "prod-plan"
      managed_policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    }
    # A dry run is an execution of the same state machine, and IAM cannot tell its input apart: this environment must accept the
    # protected default branch only, where every workflow was reviewed (docs/workflows.md).
    dry-run = {
      repository          = var.repository
      environment         = "prod-dry-run"
      machine_arns        = [module.crossover.state_machine_arns["cutover"]]
      kms_key_arns        = local.operator_keys
      reads               = local.operator_reads
      policy              = local.publish_notices
      max_session_seconds = 10800
    }
    # Longer than any run may take: a job that loses its role can no longer follow it.
    cutover = {
      repository   = var.repository
      environment  = "prod-cutover"
      machine_arns = [module.crossover.state_machine_arns["cutover"], module.crossover.state_machine_arns["verify"]]
      # The reviewers of the environment have approved when this role can be taken.
      approves            = true
      kms_key_arns        = local.operator_keys
      reads               = local.operator_reads
      policy              = local.publish_notices
      max_session_seconds = 14400
    }
    # The end of a migration is a way of the cutover's state machine.
    complete = {
      repository          = var.repository
      environment         = "prod-complete"
      machine_arns        = [module.crossover.state_machine_arns["cutover"]]
      approves            = true
      kms_key_arns        = local.operator_keys
      reads               = local.operator_reads
      policy              = local.publish_notices
      max_session_seconds = 14400
    }
    rollback = {
      repository          = var.repository
      environment         = "prod-rollback"
      machine_arns        = [module.crossover.state_machine_arns["rollback"]]
      kms_key_arns        = local.operator_keys
      reads               = local.operator_reads
      policy              = local.publish_notices
      max_session_seconds = 14400
    }
  }
}

module "msk" {
  for_each = var.kafka == null ? {} : { this = var.kafka }
  source   = "../../modules/msk"

  name               = var.name
  clusters           = each.value.clusters
  plugins            = each.value.plugins
  connectors         = each.value.connectors
  consumer_groups    = each.value.consumer_groups
  alarm_topic_arn    = module.crossover.notice_topic_arn
  subnet_ids         = module.crossover.network.private_subnet_ids
  security_group_ids = [module.crossover.network.security_group_ids.kafka]
  kms_key_arn        = module.crossover.key_arns.data
  logs_key_arn       = module.crossover.key_arns.logs
}

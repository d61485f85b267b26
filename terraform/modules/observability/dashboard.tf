locals {
  region = data.aws_region.current.id

  # Key figures with their aims: p95 <= 150 ms, errors < 0.1 %, lag <= 30 s, throughput, cost.
  widgets = concat(
    [
      {
        title   = "CDC lag (aim: at most ${var.limits.lag_seconds} s)"
        metrics = [for key, a in local.lag : ["AWS/DMS", a.metric, "ReplicationInstanceIdentifier", a.instance_id, "ReplicationTaskIdentifier", a.metric_id, { label = key }]]
        limit   = var.limits.lag_seconds
      },
      {
        title   = "Changes applied (rows a second)"
        metrics = [for key, s in var.streams : ["AWS/DMS", "CDCThroughputRowsTarget", "ReplicationInstanceIdentifier", s.instance_id, "ReplicationTaskIdentifier", s.metric_id, { label = key }]]
        limit   = null
      },
      {
        title   = "Pause by lane (limit: ${var.limits.pause_ms} ms)"
        metrics = flatten([for lane in sort(tolist(var.lanes)) : [for stage in local.pause_stages : [["Crossover", "${var.name}-pause-${stage}", "Lane", lane]]]], )
        limit   = var.limits.pause_ms
      },
      {
        title   = "WAL kept by replication slots (bytes)"
        metrics = concat([for c in values(var.clusters) : ["AWS/RDS", "ReplicationSlotDiskUsage", "DBClusterIdentifier", c]], [for i in values(var.source_instances) : ["AWS/RDS", "OldestReplicationSlotLag", "DBInstanceIdentifier", i]])
        limit   = var.limits.slot_gb * 1024 * 1024 * 1024
      },
      {
        title   = "API p95 (aim: at most ${var.limits.p95_ms} ms)"
        metrics = [for side, lb in var.load_balancers : ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", lb, { stat = "p95", label = side }]]
        limit   = var.limits.p95_ms / 1000
      },
      {
        title   = "API requests and errors"
        metrics = flatten([for side, lb in var.load_balancers : [for m in ["RequestCount", "HTTPCode_Target_5XX_Count"] : [["AWS/ApplicationELB", m, "LoadBalancer", lb, { stat = "Sum", label = "${side} ${m}" }]]]])
        limit   = null
      },
      {
        title   = "Database load (transactions a second, ACU)"
        metrics = flatten([for c in values(var.clusters) : [for m in ["CommitThroughput", "ServerlessDatabaseCapacity"] : [["AWS/RDS", m, "DBClusterIdentifier", c]]]])
        limit   = null
      },
      {
        title   = "Runs"
        metrics = flatten([for arn in values(var.machines) : [for m in ["ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsAborted", "ExecutionsTimedOut"] : [["AWS/States", m, "StateMachineArn", arn, { stat = "Sum" }]]]])
        limit   = null
      },
    ],
    # Billing metrics are in us-east-1 only, and only where the account has them turned on.
    [{ title = "Estimated charges of the account (USD)", metrics = [["AWS/Billing", "EstimatedCharges", "Currency", "USD", { period = 21600 }]], limit = null, region = "us-east-1" }],
  )
  shown = [for w in local.widgets : w if length(w.metrics) > 0]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [
      for index, w in local.shown : {
        type   = "metric"
        x      = (index % 2) * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = merge(
          { title = w.title, region = try(w.region, local.region), view = "timeSeries", stat = "Maximum", period = 60, metrics = w.metrics },
          w.limit == null ? {} : { annotations = { horizontal = [{ label = "limit", value = w.limit }] } },
        )
      }
    ]
  })
}

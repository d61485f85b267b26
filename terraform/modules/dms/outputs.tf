output "plans" {
  description = "The part `replication` of each migration's plan."
  value = {
    for id, m in var.migrations : id => {
      engine                   = "dms"
      forward_task             = aws_dms_replication_task.forward[id].replication_task_id
      reverse_task             = aws_dms_replication_task.reverse[id].replication_task_id
      post_rollback_task       = aws_dms_replication_task.post_rollback[id].replication_task_id
      replication_instance_arn = aws_dms_replication_instance.this[m.instance].replication_instance_arn
      slot_plugin              = m.slot_plugin
      source_endpoints         = { for way in ["read", "write"] : "${way}_arn" => aws_dms_endpoint.this["${id}/source-${way}"].endpoint_arn }
      target_endpoints         = { for way in ["read", "write"] : "${way}_arn" => aws_dms_endpoint.this["${id}/target-${way}"].endpoint_arn }
    }
  }
}

output "endpoint_arns" {
  description = "ARNs of the endpoints whose slot a run may set."
  value       = [for key, endpoint in aws_dms_endpoint.this : endpoint.endpoint_arn if local.endpoints[key].reads]
}

output "used_endpoint_arns" {
  description = "ARNs of all endpoints."
  value       = [for endpoint in aws_dms_endpoint.this : endpoint.endpoint_arn]
}

output "instance_arns" {
  description = "ARNs of the replication instances."
  value       = [for instance in aws_dms_replication_instance.this : instance.replication_instance_arn]
}

output "instance_ids" {
  description = "Identifier of each replication instance, by key: a dimension of its metrics."
  value       = { for key, instance in aws_dms_replication_instance.this : key => instance.replication_instance_id }
}

output "log_group_names" {
  description = "Log group of the tasks of each instance, by key."
  value       = { for key, group in aws_cloudwatch_log_group.tasks : key => group.name }
}

output "streams" {
  description = "The tasks by MIGRATION/STREAM, with the two dimensions of their metrics. The task's dimension is the end of its ARN."
  value = merge([
    for stream, tasks in {
      forward = aws_dms_replication_task.forward, reverse = aws_dms_replication_task.reverse, post-rollback = aws_dms_replication_task.post_rollback
      } : {
      for id, task in tasks : "${id}/${stream}" => {
        migration   = id
        stream      = stream
        identifier  = task.replication_task_id
        arn         = task.replication_task_arn
        instance_id = aws_dms_replication_instance.this[var.migrations[id].instance].replication_instance_id
        metric_id   = element(split(":", task.replication_task_arn), length(split(":", task.replication_task_arn)) - 1)
      }
    }
  ]...)
}

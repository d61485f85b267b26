# Every rule names a group, not addresses, wherever both ends are in this VPC. Each rule is a resource of its own with a
# key that says what it is for: a further rule changes no other, and a rule that is no longer wanted is found by its name.

locals {
  groups = {
    functions = "Lambda functions of the stages"
    dms       = "DMS replication instances"
    databases = "Aurora clusters"
    kafka     = "MSK brokers and MSK Connect workers"
    endpoints = "Interface endpoints of AWS services"
  }

  # from -> to, by reference
  inside = {
    functions-to-databases = { from = "functions", to = "databases", port = 5432 }
    dms-to-databases       = { from = "dms", to = "databases", port = 5432 }
    functions-to-endpoints = { from = "functions", to = "endpoints", port = 443 }
    dms-to-endpoints       = { from = "dms", to = "endpoints", port = 443 }
    kafka-to-endpoints     = { from = "kafka", to = "endpoints", port = 443 }
    kafka-to-databases     = { from = "kafka", to = "databases", port = 5432 }
    # MSK Connect workers speak to the brokers with IAM on 9098; workers and brokers share the group.
    kafka-to-kafka = { from = "kafka", to = "kafka", port = 9098 }
  }

  outside = merge([
    for name, database in var.outside_databases : {
      for group in ["functions", "dms", "kafka"] : "${group}-to-${name}" => merge(database, { from = group, name = name })
    }
  ]...)
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:the modules of databases, DMS, functions and Kafka attach them, which checkov does not follow
  for_each = local.groups

  # Not name_prefix: replacing a group that network interfaces use hangs for up to an hour.
  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "inside" {
  for_each = local.inside

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.key
}

resource "aws_vpc_security_group_egress_rule" "inside" {
  for_each = local.inside

  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = each.key
}

resource "aws_vpc_security_group_egress_rule" "outside_database" {
  for_each = local.outside

  security_group_id = aws_security_group.this[each.value.from].id
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  description       = each.key
}

# A gateway endpoint has no network interface, so no group: its addresses are a prefix list that AWS maintains.
resource "aws_vpc_security_group_egress_rule" "gateway" {
  for_each = { for pair in setproduct(["functions", "dms", "kafka"], var.gateway_endpoints) : "${pair[0]}-to-${pair[1]}" => pair }

  security_group_id = aws_security_group.this[each.value[0]].id
  prefix_list_id    = aws_vpc_endpoint.gateway[each.value[1]].prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = each.key
}

# Only the functions leave the VPC, and only by HTTPS: the edge's admin API has no fixed address.
resource "aws_vpc_security_group_egress_rule" "edge" {
  for_each = local.with_egress

  security_group_id = aws_security_group.this["functions"].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  description       = "functions-to-edge"
}

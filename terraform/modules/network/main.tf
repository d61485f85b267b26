data "aws_region" "current" {}

locals {
  # One gateway stands in the zone with the smallest number; with one per zone the failure of a zone stays there.
  first_zone = [for zone, number in var.zones : zone if number == min(values(var.zones)...)][0]
  nat_zones = {
    none         = toset([])
    one_nat      = toset([local.first_zone])
    nat_per_zone = toset(keys(var.zones))
  }[var.internet_egress]
  nat_of_zone = { for zone in keys(var.zones) : zone => contains(local.nat_zones, zone) ? zone : local.first_zone if length(local.nat_zones) > 0 }
  with_egress = length(local.nat_zones) > 0 ? toset(["this"]) : toset([])
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# The group that AWS adds to a VPC allows everything among its members: it stays empty.
resource "aws_default_security_group" "empty" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "private" {
  for_each = var.zones

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.cidr, 4, each.value)

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_route_table" "private" {
  for_each = var.zones

  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_route_table_association" "private" {
  for_each = var.zones

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

# ---- the way out: only for the edge's admin API ----

resource "aws_internet_gateway" "this" {
  for_each = local.with_egress

  vpc_id = aws_vpc.this.id
  tags   = { Name = var.name }
}

resource "aws_subnet" "public" {
  for_each = local.nat_zones

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(var.cidr, 4, 8 + var.zones[each.key])
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-nat-${each.key}" }
}

resource "aws_route_table" "public" {
  for_each = local.with_egress

  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-nat" }
}

resource "aws_route" "public" {
  for_each = local.with_egress

  route_table_id         = aws_route_table.public[each.key].id
  gateway_id             = aws_internet_gateway.this[each.key].id
  destination_cidr_block = "0.0.0.0/0"
}

resource "aws_route_table_association" "public" {
  for_each = local.nat_zones

  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public["this"].id
}

resource "aws_eip" "nat" {
  for_each = local.nat_zones

  domain = "vpc"
  tags   = { Name = "${var.name}-nat-${each.key}" }
}

resource "aws_nat_gateway" "this" {
  for_each = local.nat_zones

  subnet_id     = aws_subnet.public[each.key].id
  allocation_id = aws_eip.nat[each.key].id
  tags          = { Name = "${var.name}-${each.key}" }

  depends_on = [aws_route.public]
}

resource "aws_route" "private" {
  for_each = local.nat_of_zone

  route_table_id         = aws_route_table.private[each.key].id
  nat_gateway_id         = aws_nat_gateway.this[each.value].id
  destination_cidr_block = "0.0.0.0/0"
}

# ---- endpoints of AWS services ----

resource "aws_vpc_endpoint" "gateway" {
  for_each = var.gateway_endpoints

  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.current.id}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${data.aws_region.current.id}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.this["endpoints"].id]

  tags = { Name = "${var.name}-${each.key}" }
}

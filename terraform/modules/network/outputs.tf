output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "private_subnet_ids" {
  description = "Ids of the private subnets, sorted by zone."
  value       = [for zone in sort(keys(var.zones)) : aws_subnet.private[zone].id]
}

output "security_group_ids" {
  description = "Id of each security group: functions, dms, databases, kafka, endpoints."
  value       = { for name, group in aws_security_group.this : name => group.id }
}

output "nat_addresses" {
  description = "Public addresses that the functions come from; an allow-list in front of the edge's admin API can use them."
  value       = [for address in aws_eip.nat : address.public_ip]
}

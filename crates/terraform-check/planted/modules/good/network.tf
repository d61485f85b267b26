resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "The target database"
  vpc_id      = var.network.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "functions" {
  security_group_id            = aws_security_group.database.id
  referenced_security_group_id = var.network.client_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

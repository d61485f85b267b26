# `terraform destroy` evaluates no precondition and no check block, prevent_destroy would refuse for ever, and a variable that says
# "completed" would be a claim. What Terraform does run before it deletes is a destroy-time provisioner, and its failure
# ends the destroy. One guard per lane; whoever calls this module makes it depend on everything, so it goes first and
# nothing is deleted when it refuses.

resource "terraform_data" "lane" {
  for_each = var.lanes

  # A destroy-time provisioner sees only its own resource, so what it needs is stored there.
  input = {
    lane         = each.key
    migration_id = each.value.migration_id
    admin_url    = each.value.admin_url
    command      = var.status_command
    allow_delete = var.allow_delete
  }

  provisioner "local-exec" {
    when       = destroy
    on_failure = fail
    # `input`, not `output`: a change is stored with the next apply, and not before.
    environment = {
      CROSSOVER_LANE         = self.input.lane
      CROSSOVER_MIGRATION_ID = self.input.migration_id
      CROSSOVER_ADMIN_URL    = self.input.admin_url
      CROSSOVER_ALLOW_DELETE = self.input.allow_delete
      CROSSOVER_STATUS       = self.input.command
    }
    interpreter = ["/bin/sh", "-c"]
    command     = <<-SH
      if [ "$CROSSOVER_ALLOW_DELETE" != true ]; then
        echo "refused: lane $CROSSOVER_LANE is protected. Apply with allow_delete = true first; deleting is a step of its own." >&2
        exit 3
      fi
      # A subshell: an exit inside the command must not skip the message.
      ( eval "$CROSSOVER_STATUS" )
      status=$?
      if [ "$status" -ne 0 ]; then
        echo "refused: lane $CROSSOVER_LANE of migration $CROSSOVER_MIGRATION_ID has not completed, or its state could not be read (status $status of: $CROSSOVER_STATUS)." >&2
        echo "Reverse replication, slots and locks may still be in use. Complete the lane, or roll it back and remove it, then destroy again." >&2
        exit 3
      fi
    SH
  }
}

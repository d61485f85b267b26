#!/bin/sh
# Shows on a real apply and destroy that the guard of a lane refuses, and when it lets go. Needs terraform only.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/main.tf" <<TF
variable "allow_delete" {
  type = bool
}
variable "completed" {
  type    = string
  default = "$work/completed"
}
resource "terraform_data" "database" {}
module "lane_guard" {
  source         = "$here/../modules/lane-guard"
  lanes          = { main = { migration_id = "shop" } }
  allow_delete   = var.allow_delete
  status_command = "test -e \${var.completed}"
  depends_on     = [terraform_data.database]
}
TF
cd "$work"
tf() { terraform "$@" -no-color > "$work/log" 2>&1; }
fail() { echo "FAILED: $1" >&2; cat "$work/log" >&2; exit 1; }
left() { terraform state list | grep -c . ; }
tf init
tf apply -auto-approve -var allow_delete=false || fail "apply"

tf destroy -auto-approve -var allow_delete=false && fail "a destroy without allow_delete passed"
grep -q "lane main is protected" "$work/log" || fail "the refusal does not say why"
tf destroy -auto-approve -var allow_delete=true && fail "allow_delete given to the destroy alone passed: it has to be applied first"

tf apply -auto-approve -var allow_delete=true || fail "apply of allow_delete"
tf destroy -auto-approve -var allow_delete=true && fail "a lane that has not completed was deleted"
grep -q "has not completed" "$work/log" || fail "the refusal does not say why"
tf destroy -auto-approve -var allow_delete=true -target terraform_data.database && fail "-target went past the guard"
[ "$(left)" = 2 ] || fail "something was deleted in spite of the refusal"

touch "$work/completed"
tf destroy -auto-approve -var allow_delete=true || fail "a completed lane could not be deleted"
[ "$(left)" = 0 ] || fail "something is left"
echo "lane-guard: refused 4 times with 0 resources deleted, then deleted"

#!/usr/bin/env bash
# checkov 3.3.30 (bc-python-hcl2 0.4.3): a file with a heredoc whose delimiter is one letter is not checked.
#
# Behaviour: Terraform takes `<<-T`. The grammar of checkov's parser wants two letters or more, so the file is left out, and so
# is every resource in it. With --quiet the JSON has the number of such files but no names; the exit status does not tell.
#
# Consequence: run it without --quiet and take results.parsing_errors for findings (`cargo xtask check terraform` does).
#
# Output seen:
#    T:    0 failed, parsing errors: 1
#    TEXT: 2 failed, parsing errors: 0
#
# Needs Python 3.11 or newer and pip.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check checkov==3.3.30
for delimiter in T TEXT; do
  mkdir "$work/$delimiter"
  printf 'resource "aws_sns_topic" "plain" {\n  name = <<-%s\n    plain\n  %s\n}\n\nresource "aws_sqs_queue" "plain" {\n  name = "plain"\n}\n' \
    "$delimiter" "$delimiter" > "$work/$delimiter/main.tf"
  (cd "$work/$delimiter" && CKV_SKIP_PACKAGE_UPDATE_CHECK=True "$work/venv/bin/checkov" --directory . --framework terraform --output json --compact \
    --skip-download --soft-fail 2> /dev/null > answer.json || true)
  python3 - "$delimiter" "$work/$delimiter/answer.json" <<'PY'
import json, sys
answer = json.load(open(sys.argv[2]))
summary = answer.get("summary", answer)
print(f"{sys.argv[1] + ':':5} {summary['failed']} failed, parsing errors: {summary['parsing_errors']}")
PY
done

#!/usr/bin/env bash
# MiniStack 1.5.33: a Choice state treats a field that is missing and a field that is null alike.
#
# Behaviour, for an input {} or {"a": null}, against the Amazon States Language as AWS documents it (Choice state: "IsPresent", "IsNull"):
#  - a comparison of a missing field goes on with Default; AWS fails the execution with States.Runtime, which no Catch of a Choice can take.
#  - IsPresent of a field that is null is false; the field is there, so AWS says true.
#  - IsNull of a missing field is true; AWS fails the execution, because there is nothing to look at.
#
# Consequence: a rehearsal on the emulator does not prove a Choice whose field may be missing. Ask IsPresent first, and let no field be null on purpose.
#
# Output seen:
#   a missing field is compared:  Default
#   IsPresent of null:            Default
#   IsNull of a missing field:    Chosen
#
# Needs python3 with venv and pip. Listens on 127.0.0.1 only.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'ministack==1.5.33' >/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" MINISTACK_HOST=127.0.0.1 venv/bin/python -m ministack >ministack.log 2>&1 & server=$!
said=$(venv/bin/python - "$port" <<'PY'
import json, sys, time
from botocore.config import Config
from botocore.session import Session

states = Session().create_client("stepfunctions", "us-east-1", endpoint_url=f"http://127.0.0.1:{sys.argv[1]}",
    aws_access_key_id="any", aws_secret_access_key="any", config=Config(retries={"total_max_attempts": 30, "mode": "standard"}))
ROLE = "arn:aws:iam::000000000000:role/any"


def taken(name, rule, document):
    arn = states.create_state_machine(name=name, roleArn=ROLE, definition=json.dumps({"StartAt": "Choose", "States": {
        "Choose": {"Type": "Choice", "Choices": [{**rule, "Next": "Chosen"}], "Default": "Default"},
        "Chosen": {"Type": "Pass", "Result": "Chosen", "End": True},
        "Default": {"Type": "Pass", "Result": "Default", "End": True}}}))["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, input=json.dumps(document))["executionArn"]
    while (seen := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.05)
    return json.loads(seen["output"]) if seen["status"] == "SUCCEEDED" else seen.get("error")


print("a missing field is compared: ", taken("compared", {"Variable": "$.a", "StringEquals": "x"}, {}))
print("IsPresent of null:           ", taken("present", {"Variable": "$.a", "IsPresent": True}, {"a": None}))
print("IsNull of a missing field:   ", taken("null", {"Variable": "$.a", "IsNull": True}, {}))
PY
)
echo "$said"
expected='a missing field is compared:  Default
IsPresent of null:            Default
IsNull of a missing field:    Chosen'
[ "$said" = "$expected" ] || { echo "changed"; exit 1; }
echo "as described"

#!/usr/bin/env bash
# MiniStack 1.5.33: StartExecution is not idempotent.
#
# Behaviour: the same call again, with the name and the input of an execution that still runs, is answered with ExecutionAlreadyExists. For standard workflows AWS
# answers such a repetition like the first call, with the same ARN (API reference of StartExecution: idempotent for STANDARD workflows).
#
# Consequence: a client that repeats a call whose answer was lost works on AWS and fails on the emulator. Ask DescribeExecution for the ARN, which follows from the
# name of the machine and of the execution, before starting.
#
# Output seen:
#   ExecutionAlreadyExists
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
import json, sys
from botocore.config import Config
from botocore.session import Session

states = Session().create_client("stepfunctions", "us-east-1", endpoint_url=f"http://127.0.0.1:{sys.argv[1]}",
    aws_access_key_id="any", aws_secret_access_key="any", config=Config(retries={"total_max_attempts": 30, "mode": "standard"}))
ROLE = "arn:aws:iam::000000000000:role/any"
definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
arn = states.create_state_machine(name="waits", roleArn=ROLE, definition=json.dumps(definition))["stateMachineArn"]
call = {"stateMachineArn": arn, "name": "once", "input": "{}"}
first = states.start_execution(**call)
try:
    print("the same execution" if states.start_execution(**call)["executionArn"] == first["executionArn"] else "another")
except states.exceptions.ExecutionAlreadyExists as error:
    print(type(error).__name__)
PY
)
echo "$said"
[ "$said" = ExecutionAlreadyExists ] || { echo "changed"; exit 1; }
echo "as described"

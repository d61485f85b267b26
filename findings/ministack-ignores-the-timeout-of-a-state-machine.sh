#!/usr/bin/env bash
# MiniStack 1.5.33: TimeoutSeconds at the top of a state machine has no effect.
#
# Behaviour: an execution of a machine with TimeoutSeconds 1 whose only state waits for 4 s ends with SUCCEEDED after 4 s. AWS ends it after 1 s with the
# status TIMED_OUT (Amazon States Language, "State machine structure": TimeoutSeconds).
#
# Consequence: no rehearsal on the emulator proves the time limit of a whole machine. Give each Task a TimeoutSeconds of its own.
#
# Output seen:
#   SUCCEEDED
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
definition = {"StartAt": "Wait", "TimeoutSeconds": 1, "States": {"Wait": {"Type": "Wait", "Seconds": 4, "End": True}}}
arn = states.create_state_machine(name="late", roleArn=ROLE, definition=json.dumps(definition))["stateMachineArn"]
execution = states.start_execution(stateMachineArn=arn)["executionArn"]
while (status := states.describe_execution(executionArn=execution)["status"]) == "RUNNING":
    time.sleep(0.05)
print(status)
PY
)
echo "$said"
[ "$said" = SUCCEEDED ] || { echo "changed"; exit 1; }
echo "as described"

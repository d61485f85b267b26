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
cat > states.py <<'PY'
import json, sys, time, urllib.error, urllib.request

PORT = int(sys.argv[1])
ROLE = "arn:aws:iam::000000000000:role/any"


def call(action, body):
    """One call of the Step Functions API: the answer, or the name of the error."""
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/", data=json.dumps(body).encode(), headers={
        "content-type": "application/x-amz-json-1.0", "x-amz-target": f"AWSStepFunctions.{action}",
        "authorization": "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0"})
    try:
        return json.load(urllib.request.urlopen(request, timeout=30))
    except urllib.error.HTTPError as error:
        return json.load(error)["__type"]


def ready():
    deadline = time.monotonic() + 60
    while True:
        try:
            return call("ListStateMachines", {})
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def machine(name, definition):
    return call("CreateStateMachine", {"name": name, "definition": json.dumps(definition), "roleArn": ROLE})["stateMachineArn"]


def ended(execution, limit=30):
    deadline = time.monotonic() + limit
    while True:
        seen = call("DescribeExecution", {"executionArn": execution})
        if seen["status"] != "RUNNING" or time.monotonic() > deadline:
            return seen
        time.sleep(0.05)


ready()
PY
said=$(cat states.py - <<'PY' | venv/bin/python - "$port"
arn = machine("late", {"StartAt": "Wait", "TimeoutSeconds": 1, "States": {"Wait": {"Type": "Wait", "Seconds": 4, "End": True}}})
print(ended(call("StartExecution", {"stateMachineArn": arn, "name": "once", "input": "{}"})["executionArn"])["status"])
PY
)
echo "$said"
[ "$said" = SUCCEEDED ] || { echo "changed"; exit 1; }
echo "as described"

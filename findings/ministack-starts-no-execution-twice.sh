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
arn = machine("waits", {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}})
again = {"stateMachineArn": arn, "name": "once", "input": "{}"}
first, second = call("StartExecution", again), call("StartExecution", again)
print("the same execution" if first == second else second)
PY
)
echo "$said"
[ "$said" = ExecutionAlreadyExists ] || { echo "changed"; exit 1; }
echo "as described"

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
def taken(name, rule, document):
    arn = machine(name, {"StartAt": "Choose", "States": {
        "Choose": {"Type": "Choice", "Choices": [{**rule, "Next": "Chosen"}], "Default": "Default"},
        "Chosen": {"Type": "Pass", "Result": "Chosen", "End": True},
        "Default": {"Type": "Pass", "Result": "Default", "End": True}}})
    seen = ended(call("StartExecution", {"stateMachineArn": arn, "name": "once", "input": json.dumps(document)})["executionArn"])
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

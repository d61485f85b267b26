#!/usr/bin/env bash
# MiniStack 1.5.33: a task that waits with a task token goes on waiting when its time is over by TimeoutSecondsPath, and when the
# function that should pass on the token could not be called.
#
# Behaviour, against the AWS Step Functions developer guide (Task state, "TimeoutSecondsPath"; service integration patterns, "Wait for a
# callback with the task token"):
#  - TimeoutSecondsPath is ignored; with TimeoutSeconds of the same length the task ends with States.Timeout, as it does on AWS with both.
#  - lambda:invoke.waitForTaskToken of a function that does not exist: nobody ever gets the token, yet the task waits until its time limit.
#    On AWS the call's own error ends the task at once, so that Retry and Catch see it.
#
# Consequence: on the emulator a question that nobody could ask looks like a question that nobody answers. Test such ways on a second interpreter.
#
# Output seen:
#   TimeoutSeconds 1:                   States.Timeout
#   TimeoutSecondsPath of 1, after 5 s: still running
#   no such function, limit of 3 s:     States.Timeout
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


def client(service):
    return Session().create_client(service, "us-east-1", endpoint_url=f"http://127.0.0.1:{sys.argv[1]}",
        aws_access_key_id="any", aws_secret_access_key="any", config=Config(retries={"total_max_attempts": 30, "mode": "standard"}))


states, queues = client("stepfunctions"), client("sqs")
queue = queues.create_queue(QueueName="asked")["QueueUrl"]
SEND = {"Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}}}
INVOKE = {"Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
          "Parameters": {"FunctionName": "nobody", "Payload": {"token.$": "$$.Task.Token"}}}


def ends(name, task, seconds):
    arn = states.create_state_machine(name=name, roleArn="arn:aws:iam::000000000000:role/any", definition=json.dumps(
        {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "End": True, **task}}}))["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, input=json.dumps({"seconds": 1}))["executionArn"]
    until = time.monotonic() + seconds
    while (seen := states.describe_execution(executionArn=execution))["status"] == "RUNNING" and time.monotonic() < until:
        time.sleep(0.05)
    return "still running" if seen["status"] == "RUNNING" else seen.get("error", seen["status"])


print("TimeoutSeconds 1:                  ", ends("seconds", {**SEND, "TimeoutSeconds": 1}, 60))
print("TimeoutSecondsPath of 1, after 5 s:", ends("path", {**SEND, "TimeoutSecondsPath": "$.seconds"}, 5))
print("no such function, limit of 3 s:    ", ends("nobody", {**INVOKE, "TimeoutSeconds": 3}, 60))
PY
)
echo "$said"
expected='TimeoutSeconds 1:                   States.Timeout
TimeoutSecondsPath of 1, after 5 s: still running
no such function, limit of 3 s:     States.Timeout'
[ "$said" = "$expected" ] || { echo "changed"; exit 1; }
echo "as described"

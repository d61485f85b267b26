#!/usr/bin/env bash
# MiniStack 1.5.33 (hypercorn 0.18.0): some requests that arrive while an idle connection is being closed are executed and never answered.
#
# Behaviour: MiniStack closes a connection that was idle for 75 s. Its event loop also does long work (here: unpacking functions of 6 MB).
# When such work delays the loop around the 75th second, a request is read and handed to its service, and the connection is closed
# before the answer. The client sees the end of the connection; CreateRole has made the role.
#
# Consequence: AWS SDKs send a request again after a lost connection, so Terraform's provider, which keeps connections for 90 s, reports
# "EntityAlreadyExists" for a role that nobody else made, now and then, on a busy machine. Start MiniStack with idle connections left open.
#
# Output seen (the numbers differ from run to run; it fails if no request was executed without an answer):
#   executed and answered:     60
#   executed, not answered:    12
#   not executed, not answered: 228
#
# Needs python3 with venv and pip. Takes 85 s. Listens on 127.0.0.1 only.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'ministack==1.5.33' 'hypercorn==0.18.0' >/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
TMPDIR=$work BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" MINISTACK_HOST=127.0.0.1 venv/bin/python -m ministack >ministack.log 2>&1 & server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.2; done
venv/bin/python - "$port" <<'PY'
import base64, collections, http.client, io, json, os, sys, threading, time, urllib.parse, zipfile

PORT = int(sys.argv[1])
IDLE = 75
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]})


def signed(service):
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=any"}


def iam(connection, **parameters):
    body = urllib.parse.urlencode({"Version": "2010-05-08", **parameters})
    connection.request("POST", "/", body, {**signed("iam"), "Content-Type": "application/x-www-form-urlencoded"})
    return connection.getresponse().read().decode()


def create_function(name):
    body = json.dumps({"FunctionName": name, "Runtime": "provided.al2023", "Handler": "any",
                       "Role": "arn:aws:iam::000000000000:role/any", "Code": {"ZipFile": code}})
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    connection.request("POST", "/2015-03-31/functions", body, {**signed("lambda"), "Content-Type": "application/json"})
    connection.getresponse().read()


packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
    archive.writestr("bootstrap", os.urandom(6 << 20))
code = base64.b64encode(packed.getvalue()).decode()

idle = []
for _ in range(300):
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    iam(connection, Action="ListRoles")
    idle.append((time.monotonic(), connection))
    time.sleep(0.01)
answered = {}


def create_role(number):
    since, connection = idle[number]
    time.sleep(max(0, since + IDLE - 0.6 + 0.035 * (number % 20) - time.monotonic()))
    connection.auto_open = 0
    try:
        answered[number] = "CreateRoleResult" in iam(connection, Action="CreateRole", RoleName=f"role-{number}", AssumeRolePolicyDocument=TRUST)
    except (OSError, http.client.HTTPException):
        answered[number] = False


time.sleep(max(0, idle[0][0] + IDLE - 0.7 - time.monotonic()))
threads = [threading.Thread(target=create_function, args=(f"function-{n}",)) for n in range(60)]
threads += [threading.Thread(target=create_role, args=(n,)) for n in range(len(idle))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
listed = iam(http.client.HTTPConnection("127.0.0.1", PORT), Action="ListRoles", MaxItems="1000")
seen = collections.Counter((f"<RoleName>role-{n}<" in listed, answered[n]) for n in answered)
print("executed and answered:    ", seen[True, True])
print("executed, not answered:   ", seen[True, False])
print("not executed, not answered:", seen[False, False])
sys.exit(0 if seen[True, False] else 1)
PY
echo "as described"

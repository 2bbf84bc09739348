#!/usr/bin/env bash
# The demonstration: starts the practice target, attacks it with campaigns/demo.yaml
# by text, by voice and through its web site, and stops everything that it started.
# It fails unless each of the three gives the code away, which is what the practice
# target is for.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'kill "$bot" 2>/dev/null && wait "$bot" 2>/dev/null; rm -rf "$work"' EXIT

: >"$work/voicebot.log" # which is looked for before the program has made it
bin/voicebot >"$work/voicebot.log" 2>&1 &
bot=$!
until grep -q '^listening on ' "$work/voicebot.log"; do
  if ! kill -0 "$bot" 2>/dev/null; then
    cat "$work/voicebot.log" >&2
    exit 1
  fi
  read -rt 0.1 <> <(:) || true
done
echo "practice target: $(sed -n 's/^listening on //p' "$work/voicebot.log")"

set +e
bin/orchestrator run --store build/demo campaigns/demo.yaml | tee "$work/table"
status=${PIPESTATUS[0]}
set -e
for way in by-text by-voice by-web-form; do
  # A row of the table is the attack, its trials, and how many succeeded.
  if ! awk -v way="$way" '$1 == way && $2 > 0 && $2 == $3 { found = 1 } END { exit !found }' "$work/table"; then
    echo "demo: $way did not get the code in each of its trials (exit code $status)" >&2
    tail -n 20 "$work/voicebot.log" >&2
    exit 1
  fi
done
if [ "$status" -ne 1 ]; then
  echo "demo: expected findings (exit code 1), got exit code $status" >&2
  exit 1
fi
echo "demo: by text, by voice and through its web site, the practice target gave its code away, as it should"

#!/usr/bin/env bash
# The demonstration: starts the practice target, attacks it with
# campaigns/voicebot.yaml, and stops everything that it started. It fails
# unless the run gives findings, which is what the practice target is for.
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

status=0
bin/orchestrator run --store build/demo campaigns/voicebot.yaml || status=$?
if [ "$status" -ne 1 ]; then
  echo "demo: expected findings (exit code 1), got exit code $status" >&2
  tail -n 20 "$work/voicebot.log" >&2
  exit 1
fi
echo "demo: the practice target gave its code away, as it should (exit code 1 = findings)"

#!/usr/bin/env bash
# build.sh [FOLDER] makes the plugin, from a fresh clone, in FOLDER (by default
# build/plugin-python of this repository):
#
#   venv/                        what the plugin runs on, from requirements.txt
#   generated/                   the contract in Python, from the .proto files
#   orchestrator-plugin-parrot   the program: one file
#
# PYTHON names the Python to use (3.11 or newer, with venv); PROTO the folder
# with the contract's .proto files.
set -euo pipefail
umask 022 # the orchestrator starts nothing that others could change
here=$(cd "$(dirname "$0")" && pwd -P)
out=${1:-$here/../../build/plugin-python}
proto=${PROTO:-$here/../../plugins/proto}
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
program=$out/orchestrator-plugin-parrot
interpreter=$out/venv/bin/python

# The kernel reads no more of a #! line, and splits it at the first space.
if [ ${#interpreter} -gt 240 ] || [[ $interpreter == *[[:space:]]* ]]; then
  echo "build.sh: a program cannot name its interpreter $interpreter: choose a shorter folder, without spaces" >&2
  exit 1
fi

python=${PYTHON:-python3}
if ! "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))'; then
  echo "build.sh: $python is not Python 3.11 or newer with venv: install that (python3-venv on Debian and Ubuntu), or name another in PYTHON" >&2
  exit 1
fi

if ! cmp -s "$here/requirements.txt" "$out/venv/requirements.txt"; then
  "$python" -m venv --clear "$out/venv"
  "$interpreter" -m pip install --quiet --disable-pip-version-check --no-input \
    --only-binary :all: --no-deps --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$out/venv/"
fi

rm -rf "$out/generated"
mkdir "$out/generated"
"$interpreter" -m grpc_tools.protoc --proto_path="$proto" \
  --{python,pyi,grpc_python}_out="$out/generated" \
  redteam/plugin/v1/{plugin,converter,scorer}.proto

staging=$(mktemp -d "$out/staging.XXXXXX")
trap 'rm -rf "$staging"' EXIT
mkdir "$staging/source"
cp -R "$here"/plugin/*.py "$out/generated/redteam" "$staging/source"
# -I: nothing from the environment or the user's own folder; -B: no bytecode.
"$interpreter" -m zipapp "$staging/source" --python "$interpreter -IB" --compress --output "$staging/program"
chmod 755 "$staging/program"
mv "$staging/program" "$program" # at once: the old one may be running
echo "built $program"

#!/usr/bin/env bash
# Makes requirements.lock: every package of the program, its tests and the bpy wheel, by version and hash.
#
# One lock serves Linux, macOS and Windows (lines carry markers). It names no registry: pip takes that
# from its own settings, and so does this script.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python="$(scripts/bootstrap.sh python)"
tool="$(mktemp -d)"
trap 'rm -rf "$tool"' EXIT
"$python" -m venv "$tool"
"$tool/bin/python" -m pip install --quiet --disable-pip-version-check uv

# uv has settings of its own; where only pip's are given, it is handed those.
export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-}}"
export UV_INDEX="${UV_INDEX:-${PIP_EXTRA_INDEX_URL:-}}"
export SSL_CERT_FILE="${SSL_CERT_FILE:-${PIP_CERT:-}}"
for name in UV_DEFAULT_INDEX UV_INDEX SSL_CERT_FILE; do
  [ -n "${!name}" ] || unset "$name"
done

# What builds the project is locked too: the editable install must not fetch anything unlocked.
"$python" - <<'PY' |
import tomllib

with open("pyproject.toml", "rb") as file:
    print(*tomllib.load(file)["build-system"]["requires"], sep="\n")
PY
  "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
    --all-extras --output-file requirements.lock "$@" pyproject.toml -

if grep -nE '://|--index|--find-links|--trusted-host' requirements.lock; then
  echo "make lock: requirements.lock names a registry; it must not." >&2
  exit 1
fi

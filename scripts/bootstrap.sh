#!/usr/bin/env bash
# Makes .venv ready from nothing but Python 3.11; where all is ready it says nothing and takes a moment.
#
#   scripts/bootstrap.sh run       what the program needs
#   scripts/bootstrap.sh window    what the program and its window need
#   scripts/bootstrap.sh all       what its tests need as well
#   scripts/bootstrap.sh python    says which Python 3.11 it found
#
# PYTHON names an interpreter to use. YUNTU_NO_APT=1 keeps it from installing system packages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
unset PYTHONHOME PYTHONPATH

goal="${1:-all}"
root="$PWD"
venv="$root/.venv"
PATH="${PATH#"$venv/bin:"}" # where the Makefile has put it: no environment can be made anew from itself
pip=("$venv/bin/python" -m pip --quiet --no-input --disable-pip-version-check)
digest='import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
missing=()

say() { printf '%s\n' "$*" >&2; }
stop() {
  say "yuntu: $*"
  exit 1
}

# Runs a command that has nothing to say unless it fails.
run_quietly() {
  local log failed=0
  log="$(mktemp)"
  "$@" </dev/null >"$log" 2>&1 || failed=1
  [ "$failed" = 0 ] || tail -n 20 "$log" >&2
  rm -f "$log"
  return "$failed"
}

# --- Python 3.11 ---

is_python_311() {
  "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' </dev/null >/dev/null 2>&1
}

find_python() {
  local candidate
  if [ -n "${PYTHON:-}" ]; then
    is_python_311 "$PYTHON" || stop "PYTHON=$PYTHON is not a Python 3.11."
    printf '%s\n' "$PYTHON"
    return
  fi
  for candidate in python3.11 python3 python \
    "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}"/versions/3.11*/bin/python3 \
    "${HOME:-/nonexistent}"/.local/bin/python3.11 \
    /usr/local/bin/python3.11 /opt/homebrew/bin/python3.11 \
    /Library/Frameworks/Python.framework/Versions/3.11/bin/python3.11; do
    if is_python_311 "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  local found="none"
  found="$(python3 --version 2>/dev/null)" || found="no Python at all"
  stop "Python 3.11 is needed (bpy, Blender as a module, is built for it) and this machine has $found." \
    "Install it (Debian 12: apt install python3.11 python3.11-venv; macOS: brew install python@3.11;" \
    "elsewhere: pyenv install 3.11), or say where it is with PYTHON=/path/to/python3.11."
}

# --- System packages: looked for by what they bring, not by their names ---

# What `import bpy` links against; without EGL, EEVEE and Workbench abort.
blender_libraries=(
  libX11.so.6=libx11-6 libXrender.so.1=libxrender1 libXfixes.so.3=libxfixes3 libXi.so.6=libxi6
  libxkbcommon.so.0=libxkbcommon0 libSM.so.6=libsm6 libICE.so.6=libice6 libGL.so.1=libgl1
  libEGL.so.1=libegl1
)

# What Qt's windows link against; some of it is only looked for when a window opens.
window_libraries=(
  libglib-2.0.so.0=libglib2.0-0 libfontconfig.so.1=libfontconfig1 libdbus-1.so.3=libdbus-1-3
  libX11-xcb.so.1=libx11-xcb1 libxkbcommon-x11.so.0=libxkbcommon-x11-0
  libxcb-cursor.so.0=libxcb-cursor0 libxcb-icccm.so.4=libxcb-icccm4 libxcb-image.so.0=libxcb-image0
  libxcb-keysyms.so.1=libxcb-keysyms1 libxcb-randr.so.0=libxcb-randr0
  libxcb-render-util.so.0=libxcb-render-util0 libxcb-shape.so.0=libxcb-shape0
  libxcb-shm.so.0=libxcb-shm0 libxcb-sync.so.1=libxcb-sync1 libxcb-util.so.1=libxcb-util1
  libxcb-xfixes.so.0=libxcb-xfixes0 libxcb-xkb.so.1=libxcb-xkb1
)

# Says which packages are missing, for arguments LIBRARY=PACKAGE.
list_missing_libraries() {
  "$python" - "$@" <<'PY'
import ctypes
import sys

for pair in sys.argv[1:]:
    library, package = pair.split("=")
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package)
PY
}

has_chinese_font() {
  compgen -G '/usr/share/fonts/*/*/*CJK*' >/dev/null || compgen -G '/usr/share/fonts/*/*/wqy*' >/dev/null ||
    { command -v fc-list >/dev/null && [ -n "$(fc-list ':lang=zh' family)" ]; }
}

has_povray_includes() {
  local folder
  for folder in /usr/share/povray*/include /usr/local/share/povray*/include \
    /opt/homebrew/share/povray*/include; do
    [ -f "$folder/colors.inc" ] && return
  done
  return 1
}

list_missing() {
  if ! packages_are_ready; then
    "$python" -c 'import ensurepip' </dev/null >/dev/null 2>&1 || missing+=("python3.11-venv")
  fi
  if [ "$(uname -s)" = Linux ]; then
    local package wanted=("${blender_libraries[@]}")
    [ "$goal" = run ] || wanted+=("${window_libraries[@]}")
    for package in $(list_missing_libraries "${wanted[@]}"); do
      missing+=("$package")
    done
    [ "$goal" = run ] || has_chinese_font || missing+=("fonts-noto-cjk")
  fi
  if [ "$goal" = all ]; then
    command -v povray >/dev/null || missing+=("povray")
    has_povray_includes || missing+=("povray-includes")
    command -v redis-server >/dev/null || missing+=("redis-server")
    command -v pdftotext >/dev/null || missing+=("poppler-utils" "poppler-data")
    [ "$(uname -s)" != Linux ] || command -v Xvfb >/dev/null || missing+=("xvfb" "xauth")
  fi
}

install_with_apt() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  if [ "$(id -u)" != 0 ]; then
    sudo -n true </dev/null >/dev/null 2>&1 || return 1
    apt=(sudo -n "${apt[@]}")
  fi
  say "Installing system packages: $*"
  # Lists that were never fetched or are out of date make the first try fail; the second decides.
  local install=("${apt[@]}" install -y --no-install-recommends "$@")
  run_quietly "${install[@]}" 2>/dev/null && return
  run_quietly "${apt[@]}" update || true
  run_quietly "${install[@]}" || stop "apt could not install: $* (see above)."
}

install_with_brew() {
  local wanted=() one
  for one in "$@"; do
    case "$one" in
      povray | povray-includes) wanted+=("povray") ;;
      redis-server) wanted+=("redis") ;;
      poppler-utils | poppler-data) wanted+=("poppler") ;;
      *) wanted+=("python@3.11") ;;
    esac
  done
  say "Installing with Homebrew: ${wanted[*]}"
  brew install --quiet "${wanted[@]}" </dev/null >&2 || stop "Homebrew could not install: ${wanted[*]}."
}

install_missing() {
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ -z "${YUNTU_NO_APT:-}" ]; then
    if command -v apt-get >/dev/null; then
      install_with_apt "${missing[@]}" && return
    elif [ "$(uname -s)" = Darwin ] && command -v brew >/dev/null; then
      install_with_brew "${missing[@]}"
      return
    fi
  fi
  if command -v apt-get >/dev/null; then
    stop "these system packages are missing: ${missing[*]}. Install them with:" \
      "sudo apt-get install ${missing[*]}"
  fi
  stop "these system packages are missing (their Debian names): ${missing[*]}." \
    "Install them with your system's package manager and run this again."
}

# --- The virtual environment ---

# The folder belongs to the stamp: a virtual environment that was copied or moved points elsewhere.
stamp_packages() {
  { cat requirements.lock && printf '%s\n' "$root"; } | "$venv/bin/python" -c "$digest"
}

stamp_project() {
  "$venv/bin/python" -c "$digest" <pyproject.toml
}

packages_are_ready() {
  [ -x "$venv/bin/python" ] && [ -f "$venv/packages.stamp" ] &&
    [ "$(stamp_packages)" = "$(cat "$venv/packages.stamp")" ]
}

project_is_ready() {
  [ -f "$venv/project.stamp" ] && [ "$(stamp_project)" = "$(cat "$venv/project.stamp")" ]
}

install_packages() {
  say "Making .venv with $(grep -c '^[a-z]' requirements.lock) locked packages" \
    "(once; Blender's alone is some 300 MB; it takes some minutes) ..."
  rm -rf "$venv"
  run_quietly "$python" -m venv "$venv" || stop "$python could not make a virtual environment in $venv."
  # The lock is complete, so nothing is resolved here and every file is checked against its hash.
  run_quietly "${pip[@]}" install --require-hashes --no-deps -r requirements.lock ||
    stop "the locked packages could not be installed (see above). Mend that and run this again."
  stamp_packages >"$venv/packages.stamp"
}

install_project() {
  run_quietly "${pip[@]}" install --no-build-isolation --no-deps --editable . ||
    stop "the project itself could not be installed into .venv (see above)."
  stamp_project >"$venv/project.stamp"
}

main() {
  case "$goal" in
    python)
      find_python
      return
      ;;
    run | window | all) ;;
    *) stop "usage: scripts/bootstrap.sh [run|window|all|python]" ;;
  esac
  if packages_are_ready; then
    python="$venv/bin/python"
  else
    python="$(find_python)"
  fi
  list_missing
  install_missing
  packages_are_ready || install_packages
  project_is_ready || install_project
}

main

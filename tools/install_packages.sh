#!/usr/bin/env bash
# install_packages.sh SECTION...: installs what is missing of those sections of packages.txt.
# Changes nothing when nothing is missing.
set -euo pipefail

list="$(dirname "$0")/packages.txt"
if [ $# -eq 0 ]; then
  echo "usage: $0 SECTION...   (sections: build data test bench lint, see $list)" >&2
  exit 2
fi

# Names of the packages that belong to one of the sections given.
wanted() {
  sed 's/#.*//' "$list" | while read -r name sections; do
    for section in "$@"; do
      case " $sections " in *" $section "*) echo "$name" && break ;; esac
    done
  done
}

present() {
  # A nodejs from elsewhere brings its own npm and conflicts with Debian's package.
  if [ "$1" = npm ] && command -v npm >/dev/null; then return 0; fi
  dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "packages: not a Debian system; needed are the equivalents of:" $(wanted "$@")
  exit 0
fi

missing=()
for package in $(wanted "$@"); do
  present "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "packages ($*): all present"
  exit 0
fi

if [ "$(id -u)" -ne 0 ]; then
  echo "packages ($*): missing ${missing[*]}; install them with" >&2
  echo "  sudo apt-get update && sudo apt-get install --no-install-recommends -y ${missing[*]}" >&2
  exit 1
fi

echo "packages ($*): installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
# An index that cannot be refreshed may still hold what is missing: the install decides.
apt-get update -qq >"$log" 2>&1 || echo "packages: apt-get update failed, trying with the old index"
if ! apt-get install -y -qq --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "packages: apt-get install failed, see above" >&2
  exit 1
fi
echo "packages ($*): done"

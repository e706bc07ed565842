#!/bin/bash
# Puts programs of Debian packages below a folder of ours; nothing is installed on this computer.
#   fetch-programs.sh <folder> <package>...
# With what those packages need and this computer does not have, by its own package sources.
set -euo pipefail
folder=$1
shift
[ -e "$folder.done" ] && exit 0
rm -rf "$folder"
archives=$folder/archives
mkdir -p "$archives/partial" "$folder/lists/partial" "$folder/root"

own_lists=()
fetch() {
  apt-get install --yes --download-only --no-install-recommends --reinstall --quiet \
    -o APT::Sandbox::User=root -o Dir::Cache::archives="$archives" "${own_lists[@]}" "$@" </dev/null
}
if ! fetch "$@"; then
  # The lists of this computer are missing or old: ours are read into a folder of ours. A source that does not answer need not be the one we need.
  own_lists=(-o Dir::State::lists="$folder/lists")
  apt-get update --quiet -o APT::Sandbox::User=root "${own_lists[@]}" </dev/null || true
  fetch "$@"
fi
for package in "$archives"/*.deb; do dpkg-deb --extract "$package" "$folder/root"; done
rm -rf "$archives" "$folder/lists"
touch "$folder.done"

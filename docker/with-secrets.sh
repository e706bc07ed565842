#!/bin/sh
# Runs a command with its secrets in the environment: each file of the folder is one variable, named like the file.
# They come from a volume that only this service mounts, so they are in no compose file, image or `docker inspect`.
set -eu
for file in "${SECRETS_DIR:-/secrets}"/*; do
  case "${file##*/}" in
    *[!A-Z0-9_]*) ;;
    *) export "${file##*/}=$(cat "$file")" ;;
  esac
done
exec "$@"

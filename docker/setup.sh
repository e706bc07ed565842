#!/bin/sh
# Brings database and installation up to date; everything in it may run again.
set -eu
node tools/db.mjs deploy
node dist/admin.js init --root-key "${SECRETS_DIR:-/secrets}/root-key.json" --queue-backend redis
node dist/admin.js publish-agent --file agent.js
node dist/admin.js publish-openclaw --lock openclaw-lock.json

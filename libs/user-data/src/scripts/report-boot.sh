#!/bin/bash
# report-boot <stage> [<error line>]
# Tells the sync-adapter how far this machine came: with the MAC of its enrollment token, once enrolled with the
# credential. Nothing waits for it and nothing depends on it, so it never fails.
set -uo pipefail
export LC_ALL=C
. "${TRAWLING_SETTINGS:-/etc/trawling/settings}"
if [ -s "$CA_BUNDLE_FILE" ]; then export CURL_CA_BUNDLE=$CA_BUNDLE_FILE; fi

stage=$1
# Printable ASCII without quotes and backslashes means the same in JSON as here.
error=$(printf '%s' "${2-}" | tr -c ' -~' ' ' | tr '"\\' "'/" | cut -c -500)
at=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
url=$SYNC_ADAPTER_URL/bots/$BOT_ID/boot

hex() { od -An -v -tx1 | tr -d ' \n'; }
# hmac <key in hex>: of standard input, in hex
hmac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -r | cut -d ' ' -f 1; }

send() {
  curl --silent --show-error --fail --output /dev/null --connect-timeout 5 --max-time 15 \
    --header 'Content-Type: application/json' --data-binary "$1" --config - "$url" || true
}

# What the MAC covers is canonical JSON (RFC 8785): members in alphabetical order, no white space.
outcome='"ok":true'
failure=''
if [ -n "$error" ]; then
  outcome='"ok":false'
  failure="\"error_line\":\"$error\","
fi
members="\"at\":\"$at\",$failure\"generation\":$GENERATION,$outcome,\"stage\":\"$stage\""

# What is the agent's is read as the agent's user: whatever lies there leads no further than that user gets. Through a
# file of ours: whatever that user does to the reader (a FIFO, a signal), nobody waits for it longer than the timeout.
draft=$(mktemp)
trap 'rm -f "$draft"' EXIT
of_agent() {
  timeout --signal=KILL 5 runuser -u "$AGENT_USER" -- head -c 200 -- "$1" < /dev/null > "$draft" 2> /dev/null
  head -c 200 "$draft" | tr -d '\000'
}

# A text of any other form would say more to curl than a header.
form='_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_[A-Za-z0-9_-]{43}$'

credential=$(of_agent "$CREDENTIAL_FILE")
if [[ $credential =~ ^ttb$form ]]; then
  # Through standard input: a command line can be read by every user of the machine.
  printf 'header = "Authorization: Bearer %s"\n' "$credential" | send "{$members}"
  exit 0
fi

token=$(of_agent "$MACHINE_TOKEN_FILE")
if ! [[ $token =~ ^tte$form ]]; then token=$(cat "$TOKEN_FILE" 2> /dev/null); fi
if ! [[ $token =~ ^tte$form ]]; then exit 0; fi
token_id=${token:4:36}
secret=${token:41}
unsigned="{$members,\"token_id\":\"$token_id\"}"

# HKDF-SHA256 with one block of output; the token's id is the salt. Nobody but root and the agent, whose token it is,
# runs anything here before enrollment: what openssl has on its command line is seen by no one else.
extracted=$(printf '%s=' "$secret" | tr '_-' '/+' | openssl base64 -d -A | hmac "$(printf '%s' "$token_id" | hex)")
key=$(printf 'trawling-boot-mac-v1\001' | hmac "$extracted")
mac=$(printf '%s' "$unsigned" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A | tr '/+' '_-' | tr -d '=')
send "${unsigned%\}},\"mac\":\"$mac\"}" < /dev/null

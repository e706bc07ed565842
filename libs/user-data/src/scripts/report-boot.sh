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

if [ -s "$CREDENTIAL_FILE" ]; then
  # Through standard input: a command line can be read by every user of the machine.
  printf 'header = "Authorization: Bearer %s"\n' "$(cat "$CREDENTIAL_FILE")" | send "{$members}"
  exit 0
fi

for file in "$MACHINE_TOKEN_FILE" "$TOKEN_FILE"; do
  if [ -s "$file" ]; then token=$(cat "$file") && break; fi
done
if [ -z "${token-}" ]; then exit 0; fi
token_id=${token:4:36}
secret=${token:41}
unsigned="{$members,\"token_id\":\"$token_id\"}"

# HKDF-SHA256 with one block of output; the token's id is the salt. Nobody but root and the agent, whose token it is,
# runs anything here before enrollment: what openssl has on its command line is seen by no one else.
extracted=$(printf '%s=' "$secret" | tr '_-' '/+' | openssl base64 -d -A | hmac "$(printf '%s' "$token_id" | hex)")
key=$(printf 'trawling-boot-mac-v1\001' | hmac "$extracted")
mac=$(printf '%s' "$unsigned" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A | tr '/+' '_-' | tr -d '=')
send "${unsigned%\}},\"mac\":\"$mac\"}" < /dev/null

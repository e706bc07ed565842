#!/bin/bash
# Turns a fresh image into this bot's machine: Node, agent, enrollment, OpenClaw, start. Runs at every boot until it
# came to its end once; each step looks whether it is done, so that it may be cut off anywhere and begin again. What is
# there already with the wanted digest (an image made for it) is not fetched.
set -Eeuo pipefail
umask 022
. "${TRAWLING_SETTINGS:-/etc/trawling/settings}"
export HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive

stage=node
wanted=$(sha256sum < "$SETTINGS_FILE")
if [ "$(cat "$DONE_FILE" 2> /dev/null || true)" = "$wanted" ]; then exit 0; fi

# The log begins again with each run: its last line is what a failure is reported with.
: > "$LOG_FILE"

failed() {
  trap - ERR
  # In a subshell: the shell above fails as well, and reports.
  if [ "$BASH_SUBSHELL" -gt 0 ]; then exit 1; fi
  "$REPORT_BOOT" "$stage" "line $1: $2: $(tail -n 1 "$LOG_FILE" | cut -c -1000)"
  exit 1
}
trap 'failed "$LINENO" "$BASH_COMMAND"' ERR

reached() { "$REPORT_BOOT" "$stage"; }

say() { echo "$1" >&2; }

# download <url> <file>
download() {
  curl --silent --show-error --fail --location --proto '=http,https' --connect-timeout 15 --max-time 600 \
    --retry 6 --retry-delay 2 --retry-all-errors --output "$2" "$1"
}

# check_integrity <file> <sha512-base64>, as npm writes it
check_integrity() {
  local actual
  actual=sha512-$(openssl dgst -sha512 -binary "$1" | openssl base64 -A)
  if [ "$actual" != "$2" ]; then
    say "$1 does not have its pinned digest: $actual"
    return 1
  fi
}

# has_sha256 <file> <hex>
has_sha256() { echo "$2  $1" | sha256sum --check --status 2> /dev/null; }

# replace_folder <draft> <folder>: the old one until the new one is whole
replace_folder() {
  rm -rf "$2"
  mv -T "$1" "$2"
}

install_tools() {
  local missing=() pair
  for pair in curl:curl openssl:openssl tar:tar nft:nftables ip:iproute2; do
    if ! command -v "${pair%%:*}" > /dev/null; then missing+=("${pair##*:}"); fi
  done
  if [ ${#missing[@]} -eq 0 ] && [ -s "$SYSTEM_CA_FILE" ]; then return 0; fi
  # A power cut in the middle of a package: apt does nothing before that is put right. When somebody else is at it, apt waits.
  dpkg --configure -a || say 'dpkg could not finish what was begun'
  apt-get -q -o DPkg::Lock::Timeout=600 update
  apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends ca-certificates "${missing[@]}"
}

# For curl, Node and apt. An image may have no other authorities before its tools are installed.
trust_own_ca() {
  if [ ! -s "$CA_FILE" ]; then return 0; fi
  { cat "$SYSTEM_CA_FILE" 2> /dev/null || true; cat "$CA_FILE"; } > "$CA_BUNDLE_FILE"
  echo "Acquire::https::CaInfo \"$CA_BUNDLE_FILE\";" > "$APT_CA_FILE"
  export CURL_CA_BUNDLE=$CA_BUNDLE_FILE NODE_EXTRA_CA_CERTS=$CA_FILE
}

# Node and npm as packages of the registry, so that one source is enough.
install_node() {
  local target=$ROOT_DIR/node draft=$ROOT_DIR/node.draft arch integrity
  if [ "$(cat "$target/versions" 2> /dev/null || true)" = "$NODE_VERSION $NPM_VERSION" ]; then return 0; fi
  case $(uname -m) in
    x86_64) arch=x64 integrity=$NODE_INTEGRITY_X64 ;;
    aarch64) arch=arm64 integrity=$NODE_INTEGRITY_ARM64 ;;
    *) say "there is no Node for $(uname -m)" && return 1 ;;
  esac
  rm -rf "$draft"
  mkdir -p "$draft/lib/node_modules/npm"
  download "$NPM_REGISTRY/node-linux-$arch/-/node-linux-$arch-$NODE_VERSION.tgz" "$WORK_DIR/node.tgz"
  check_integrity "$WORK_DIR/node.tgz" "$integrity"
  tar -xzf "$WORK_DIR/node.tgz" -C "$draft" --strip-components=1 --no-same-owner --wildcards '*/bin/node'
  download "$NPM_REGISTRY/npm/-/npm-$NPM_VERSION.tgz" "$WORK_DIR/npm.tgz"
  check_integrity "$WORK_DIR/npm.tgz" "$NPM_INTEGRITY"
  tar -xzf "$WORK_DIR/npm.tgz" -C "$draft/lib/node_modules/npm" --strip-components=1 --no-same-owner
  "$draft/bin/node" --version | grep -Fqx "v$NODE_VERSION"
  echo "$NODE_VERSION $NPM_VERSION" > "$draft/versions"
  replace_folder "$draft" "$target"
}

install_agent() {
  if has_sha256 "$AGENT_FILE" "$AGENT_SHA256"; then return 0; fi
  download "$SYNC_ADAPTER_URL/agent/sha256:$AGENT_SHA256" "$WORK_DIR/agent.js"
  if ! has_sha256 "$WORK_DIR/agent.js" "$AGENT_SHA256"; then
    say 'the downloaded agent does not have the digest this machine was told'
    return 1
  fi
  install -D -m 0644 "$WORK_DIR/agent.js" "$AGENT_FILE"
}

# folder <path> <mode> <owner> <group>
folder() {
  mkdir "$1"
  chown "$3:$4" "$1"
  chmod "$2" "$1"
}

# Made beside its place and moved there whole. Who may read what: the table in libs/contracts/src/machine-layout.ts.
make_machine_folder() {
  local draft=$MACHINE_DIR.draft instance_id
  instance_id=$(cat "$INSTANCE_ID_FILE")
  if ! [[ $instance_id =~ ^[A-Za-z0-9._:-]{1,200}$ ]]; then
    say "the cloud calls this machine '$instance_id', which is no id"
    return 1
  fi
  sed "s/@INSTANCE_ID@/$instance_id/" "$SPEC_TEMPLATE" > "$WORK_DIR/machine.json"
  # The folder is the agent's, which may put there what it likes: opened as the agent's user, and not for ever. What
  # cannot be read is a failure and no other bot's: a machine's identity exists once.
  if [ -e "$MACHINE_DIR/machine.json" ]; then
    timeout --signal=KILL 60 runuser -u "$AGENT_USER" -- head -c 65536 -- "$MACHINE_DIR/machine.json" < /dev/null > "$WORK_DIR/found.json"
    if cmp -s "$WORK_DIR/machine.json" "$WORK_DIR/found.json"; then return 0; fi
  fi
  # The image was made from another bot's machine.
  if [ -e "$MACHINE_DIR" ]; then systemctl stop "$GATEWAY_UNIT" "$AGENT_UNIT" "$HAND_UNIT"; fi
  rm -rf "$draft" "$MACHINE_DIR"
  mkdir -p "$(dirname "$draft")"
  mkdir -m 0700 "$draft"
  install -m 0644 "$WORK_DIR/machine.json" "$draft/machine.json"
  install -m 0600 -o "$AGENT_USER" -g "$AGENT_USER" "$TOKEN_FILE" "$draft/enrollment-token"
  folder "$draft/agent" 0700 "$AGENT_USER" "$AGENT_USER"
  folder "$draft/shared" 2750 "$AGENT_USER" "$SHARED_GROUP"
  folder "$draft/gateway" 0700 "$GATEWAY_USER" "$GATEWAY_USER"
  folder "$draft/openclaw" 0700 "$GATEWAY_USER" "$GATEWAY_USER"
  folder "$draft/workspace" 0700 "$GATEWAY_USER" "$GATEWAY_USER"
  chown "$AGENT_USER:$SHARED_GROUP" "$draft"
  chmod 0750 "$draft"
  mv -T "$draft" "$MACHINE_DIR"
}

wait_for_enrollment() {
  local deadline=$((SECONDS + 900))
  # Looked at, never opened: the folder is the agent's.
  until [ -s "$CREDENTIAL_FILE" ]; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      say "not enrolled: $(journalctl -u "$AGENT_UNIT" -n 1 -o cat 2> /dev/null)"
      return 1
    fi
    sleep 1
  done
  rm -f "$TOKEN_FILE"
}

# npm runs no script of any package; the lock names every package by its digest.
install_openclaw() {
  local draft=$OPENCLAW_DIR.draft npm=$ROOT_DIR/node/lib/node_modules/npm/bin/npm-cli.js said
  if [ "$(cat "$OPENCLAW_DIR/lock.sha256" 2> /dev/null || true)" = "$OPENCLAW_LOCK_SHA256" ]; then return 0; fi
  rm -rf "$draft"
  mkdir -p "$draft"
  download "$SYNC_ADAPTER_URL/openclaw/sha256:$OPENCLAW_LOCK_SHA256" "$draft/package-lock.json"
  if ! has_sha256 "$draft/package-lock.json" "$OPENCLAW_LOCK_SHA256"; then
    say 'the downloaded lock does not have the digest this machine was told'
    return 1
  fi
  cd "$draft"
  # package.json is the lock's own root entry; Node is here already.
  "$NODE" -e '
    const fs = require("node:fs");
    const lock = JSON.parse(fs.readFileSync("package-lock.json", "utf8"));
    const root = lock.packages[""];
    const isNode = (name) => name.startsWith("node-linux-");
    for (const name of Object.keys(root.optionalDependencies ?? {})) if (isNode(name)) delete root.optionalDependencies[name];
    for (const path of Object.keys(lock.packages)) if (isNode(path.replace("node_modules/", ""))) delete lock.packages[path];
    fs.writeFileSync("package-lock.json", JSON.stringify(lock));
    fs.writeFileSync("package.json", JSON.stringify({ ...root, private: true }));
  '
  PATH=$ROOT_DIR/node/bin:$PATH npm_config_cache=$WORK_DIR/npm npm_config_update_notifier=false \
    "$NODE" "$npm" ci --registry "$NPM_REGISTRY" --ignore-scripts --no-audit --no-fund --omit=dev --include=optional --loglevel=error
  # What its skipped scripts would do OpenClaw does at its first start, in its own folder. As root it must not run, and
  # where the gateway runs it may not write: so once, here, as the folder's owner.
  chown -R "$GATEWAY_USER" "$draft/node_modules/openclaw"
  said=$(runuser -u "$GATEWAY_USER" -- env -i HOME=/nonexistent PATH="$PATH" "$NODE" "$draft/node_modules/openclaw/openclaw.mjs" --version)
  chown -R root:root "$draft/node_modules/openclaw"
  if [[ $said != *"$OPENCLAW_VERSION"* ]]; then
    say "the installed OpenClaw says it is '$said' instead of $OPENCLAW_VERSION"
    return 1
  fi
  cd /
  echo "$OPENCLAW_LOCK_SHA256" > "$draft/lock.sha256"
  replace_folder "$draft" "$OPENCLAW_DIR"
}

wait_for_gateway() {
  local deadline=$((SECONDS + 300))
  # An unknown path answers 200 with HTML: the type is part of the answer.
  until curl --silent --max-time 5 --output /dev/null --write-out '%{http_code} %{content_type}' \
    "http://127.0.0.1:$GATEWAY_PORT/healthz" | grep -q '^200 application/json'; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      say "the gateway does not answer: $(journalctl -u "$GATEWAY_UNIT" -n 1 -o cat 2> /dev/null)"
      return 1
    fi
    sleep 1
  done
}

mkdir -p "$ROOT_DIR"
install -d -m 0700 "$WORK_DIR"
trust_own_ca
install_tools
trust_own_ca
systemd-sysusers "$SYSUSERS_FILE"
systemctl enable --now "$METADATA_UNIT"
install_node
reached

stage=agent
install_agent
make_machine_folder
systemctl enable --now "$HAND_SOCKET" "$RESTART_PATH" "$AGENT_UNIT"
reached

stage=enroll
wait_for_enrollment
reached

stage=openclaw_install
install_openclaw
reached

stage=gateway
systemctl enable "$GATEWAY_UNIT"
# Whatever kept it from starting before is another run's.
systemctl reset-failed "$GATEWAY_UNIT" 2> /dev/null || true
systemctl start "$GATEWAY_UNIT"
wait_for_gateway
rm -rf "$WORK_DIR"
echo "$wanted" > "$DONE_FILE"
reached

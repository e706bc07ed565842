#!/bin/bash
# The network of a machine: a namespace with a loopback of its own, the outside by slirp4netns, and in it a program of
# ours with an address for it to listen on. Ends with that program; whatever is started here is in the cgroup.
#   run-network.sh <programs> <cgroup> <address> <program> [argument]...
set -euo pipefail
programs=$1 cgroup=$2 address=$3
shift 3
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$cgroup/network"
echo $$ >"/sys/fs/cgroup/$cgroup/network/cgroup.procs"

unshare --net sleep infinity &
holder=$!
until [ -e "/proc/$holder/ns/net" ] && [ "$(readlink "/proc/$holder/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
inside() { nsenter --net="/proc/$holder/ns/net" "$@"; }

# slirp4netns passes everything on, link-local addresses of this computer's own network included: none of them may be reached.
inside ip link set lo up
inside ip address add 169.254.169.254/32 dev lo
inside ip address add "$address/32" dev lo
inside ip route add blackhole 169.254.0.0/16

libraries=$programs/usr/lib/$(uname -m)-linux-gnu:$programs/lib/$(uname -m)-linux-gnu
exec 3> >(read -r -n 1 && echo "{\"namespace\":\"/proc/$holder/ns/net\"}")
LD_LIBRARY_PATH=$libraries "$programs/usr/bin/slirp4netns" --configure --mtu=1500 --disable-host-loopback --ready-fd=3 "$holder" tap0 >&2 &
exec 3>&-
exec nsenter --net="/proc/$holder/ns/net" "$@"

#!/bin/bash
# Boots a machine and is it until it ends. Runs in a mount namespace of its own: what is mounted here goes with it.
#   run-machine.sh <programs> <image> <folder> <cgroup> <network namespace>
# The machine writes to <folder>/upper; the image stays as it is.
set -euo pipefail
programs=$1 image=$2 folder=$3 cgroup=$4 network=$5

# Only with a cgroup2 of its own does systemd inside learn that a unit has ended: where the host still mounts cgroup 1, a failed one hangs for ever.
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$cgroup/machine"
echo $$ >"/sys/fs/cgroup/$cgroup/machine/cgroup.procs"
# nspawn leaves folders there.
mount -t tmpfs -o mode=755 tmpfs /run

mkdir -p "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=$image,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"

export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
export LD_LIBRARY_PATH=$programs/usr/lib/$(uname -m)-linux-gnu/systemd:$programs/usr/lib/$(uname -m)-linux-gnu:$programs/lib/$(uname -m)-linux-gnu
# It leaves a reboot to whoever started it, and says so with 133.
status=133
while [ "$status" = 133 ]; do
  status=0
  "$programs/usr/bin/systemd-nspawn" --directory="$folder/root" --boot --machine="$cgroup" --hostname=droplet \
    --register=no --keep-unit --settings=no --network-namespace-path="$network" --console=pipe --resolv-conf=off --timezone=off --link-journal=no \
    --capability=CAP_NET_ADMIN,CAP_BPF --system-call-filter=bpf -- --show-status=yes || status=$?
done
exit "$status"

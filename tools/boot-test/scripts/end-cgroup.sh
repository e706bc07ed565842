#!/bin/bash
# Ends every process of a cgroup at once and removes it; nothing to do when there is none.
#   end-cgroup.sh <cgroup>
# In a mount namespace of its own, where cgroup2 can be mounted wherever the host has it.
set -euo pipefail
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
cgroup=/sys/fs/cgroup/$1
[ -d "$cgroup" ] || exit 0
echo 1 >"$cgroup/cgroup.kill"
for _ in $(seq 100); do
  # A folder can be removed once its last process is gone for good.
  if find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null; then exit 0; fi
  sleep 0.1
done
echo "processes of $1 do not end: $(find "$cgroup" -name cgroup.procs -exec cat {} + | tr '\n' ' ')" >&2
exit 1

#!/bin/bash
# Builds the root of a machine as a cloud has it before its first boot: Debian with systemd and cloud-init.
#   build-image.sh <programs> <target> <suite> <mirror> <package>...
# Runs in a mount and process namespace of its own (unshare), so that nothing stays mounted whatever happens.
set -euo pipefail
programs=$1 target=$2 suite=$3 mirror=$4
shift 4
[ -e "$target.done" ] && exit 0
draft=$target.draft
rm -rf "$draft" "$target"
mkdir -p "$draft"

keys=$programs/usr/share/keyrings/debian-archive-keyring.gpg
DEBOOTSTRAP_DIR=$programs/usr/share/debootstrap "$programs/usr/sbin/debootstrap" \
  --variant=minbase --keyring="$keys" "$suite" "$draft" "$mirror"

# No service starts while packages are installed.
printf '#!/bin/sh\nexit 101\n' >"$draft/usr/sbin/policy-rc.d"
chmod 755 "$draft/usr/sbin/policy-rc.d"
cp -L /etc/resolv.conf "$draft/etc/resolv.conf"
mountpoint -q "$draft/proc" || mount -t proc proc "$draft/proc"
inside() { chroot "$draft" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
inside apt-get install --yes --no-install-recommends --quiet "$@" </dev/null
inside apt-get clean
umount "$draft/proc"

rm -f "$draft/usr/sbin/policy-rc.d" "$draft/etc/resolv.conf" "$draft/etc/hostname"
rm -rf "$draft"/var/lib/apt/lists/* "$draft"/var/log/*.log "$draft"/var/log/apt
# Empty, as on a cloud image: made anew at the first boot, which is no "first boot" that changes what is enabled.
: >"$draft/etc/machine-id"
# The network is there already; the seed is a folder instead of a drive.
printf 'datasource_list: [NoCloud, None]\nnetwork: {config: disabled}\n' >"$draft/etc/cloud/cloud.cfg.d/99-boot-test.cfg"
# So that the journal of a boot outlives it.
mkdir -p "$draft/var/log/journal"
for unit in apt-daily.timer apt-daily-upgrade.timer fstrim.timer e2scrub_all.timer systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service; do
  ln -sf /dev/null "$draft/etc/systemd/system/$unit"
done
mv "$draft" "$target"
touch "$target.done"

#!/bin/bash
# Closes the cloud's metadata service, which hands out this machine's user data, to every user but root. The unit of the
# gateway denies the address once more. Run at each boot before agent and gateway, which do not start without it.
set -euo pipefail
. "${TRAWLING_SETTINGS:-/etc/trawling/settings}"

if nft -f "$NFT_RULES"; then exit 0; fi
# A kernel without nftables: no route there for anybody, root included.
ip route replace prohibit 169.254.169.254/32

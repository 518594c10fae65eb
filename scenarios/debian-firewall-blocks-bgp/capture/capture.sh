#!/bin/sh
# Captures the scenario's snapshots and measured answers from a real kernel. See README.md.
#   capture.sh healthy | bgp-blocked | all | clean
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" = 0 ] || { echo "capture.sh: needs root (network namespaces)" >&2; exit 2; }
for tool in ip bridge nsenter unshare iptables-nft-restore ip6tables-nft-restore ipset nft conntrack ss nstat \
            sysctl ping traceroute python3; do
  command -v "$tool" >/dev/null || { echo "capture.sh: $tool is missing" >&2; exit 2; }
done
exec python3 -B "$here/main.py" "$@"

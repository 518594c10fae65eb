#!/bin/sh
# Writes one machine's files of a snapshot folder. Runs in the machine's network namespace, with mount and UTS
# namespaces of its own:   dump-host.sh NAME FOLDER text|json node|pod|host
set -eu
name=$1 folder=$2 format=$3 kind=$4
hostname "$name"
mount -t tmpfs none /run/netns    # so that `ip` names no namespace of this machine
mkdir -p "$folder"
cd "$folder"

if [ "$format" = json ]; then
  ip -d -s -j -p addr > ip-addr.json
  ip -d -s -j -p link > ip-link.json
  ip -d -j -p route show table all > ip-route.json
  ip -j -p rule > ip-rule.json
  ip -j -p neigh > ip-neigh.json
  bridge -j -p fdb show > bridge-fdb.json
else
  ip -d -s addr > ip-addr.txt
  ip -d -s link > ip-link.txt
  ip route show table all > ip-route.txt
  ip rule > ip-rule.txt
  ip neigh > ip-neigh.txt
  bridge fdb show > bridge-fdb.txt
fi
sysctl -a 2>/dev/null | grep -E '^net\.(ipv4|ipv6\.conf|netfilter|bridge)\.' |
  grep -v -e tcp_fastopen_key -e stable_secret > sysctl.txt
ss -H -lntup > sockets.txt
nstat -asz > nstat.txt
release=$(uname -r)
{
  uname -a | sed "s/ $release / ${release%%-*} /"    # without the local suffix of the kernel's build
  ip -V
} > versions.txt
[ "$kind" = pod ] && exit 0

conntrack -L > conntrack.txt 2>/dev/null
conntrack -S > conntrack-stats.txt 2>/dev/null
[ "$kind" = host ] && exit 0

iptables-nft-save -c > iptables-save.txt
ip6tables-nft-save -c > ip6tables-save.txt
if [ "$format" = json ]; then nft -j list ruleset > nft-ruleset.json; else nft list ruleset > nft-ruleset.txt; fi
if [ "$name" = worker-2 ]; then ipset list > ipset-list.txt; else ipset save > ipset-save.txt; fi
{
  sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release
  iptables-nft -V
  ip6tables-nft -V
  nft -v
  ipset --version
  conntrack -V
  ss -V
} >> versions.txt

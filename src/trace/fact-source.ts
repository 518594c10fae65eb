import type { Assumption } from "../emulator/assumption.ts";
import type { HostPart } from "../model/host.ts";

/** The command that tells a part of a host, and the file of a snapshot that it fills (INTERFACES section 2). */
export interface FactSource {
  readonly command: string;
  readonly file: string;
}

const SOURCES: Readonly<Record<HostPart | "fabric", FactSource>> = {
  rules: { command: "iptables-save -c", file: "iptables-save.txt" },
  rules6: { command: "ip6tables-save -c", file: "ip6tables-save.txt" },
  otherBackend: { command: "iptables-legacy-save -c", file: "iptables-legacy-save.txt" },
  nft: { command: "nft -j list ruleset", file: "nft-ruleset.json" },
  routes: { command: "ip -d route show table all", file: "ip-route.txt" },
  routes6: { command: "ip -d -6 route show table all", file: "ip-route-v6.txt" },
  policyRules: { command: "ip rule", file: "ip-rule.txt" },
  sets: { command: "ipset save", file: "ipset-save.txt" },
  sysctls: { command: "sysctl -a", file: "sysctl.txt" },
  neighbours: { command: "ip neigh", file: "ip-neigh.txt" },
  conntrack: { command: "conntrack -L", file: "conntrack.txt" },
  sockets: { command: "ss -H -lntup", file: "sockets.txt" },
  recentLists: {
    command: "tail -v -n +1 /proc/net/xt_recent/*; grep -m2 -e ^now -e ^jiffies /proc/timer_list",
    file: "xt-recent.txt",
  },
  // Twice: a rule whose counter stands still, while the one before it counts, has used up what it had.
  matchStates: { command: "iptables-save -c; sleep 1; iptables-save -c", file: "iptables-save.txt" },
  interfaces: { command: "ip -d -s addr", file: "ip-addr.txt" },
  fabric: { command: "fabric: in snapshot.yaml", file: "snapshot.yaml" },
};

export function factSource(part: HostPart | "fabric"): FactSource {
  return SOURCES[part];
}

/** The command that would replace an assumption by a fact. */
export function commandFor(assumption: Assumption): string {
  return SOURCES[assumption.part].command;
}

import { type FelixChain, type FelixRule, type FelixTable, felixRule } from "./felix-rule.ts";
import { type FelixSettings, type FloatingIP, isSince } from "./felix-settings.ts";
import { ipSetName } from "./ip-set-names.ts";
import { allPoolsSet, matchSet } from "./static-sets.ts";

function masquerade(settings: FelixSettings, ports: string): string {
  return `--jump MASQUERADE${ports === "" ? "" : ` --to-ports ${ports}`}${settings.randomFully ? " --random-fully" : ""}`;
}

function translateOutgoing(settings: FelixSettings, ports: string): string {
  const { address } = settings.natOutgoing;
  if (address === null) return masquerade(settings, ports);
  const source = ports === "" ? address : `${address}:${ports}`;
  return `--jump SNAT --to-source ${source}${settings.randomFully ? " --random-fully" : ""}`;
}

/** felix/rules/nat.go, NATOutgoingChain: a chain without rules while no pool asks for it. */
function natOutgoingChain(settings: FelixSettings): FelixChain {
  const { natOutgoing, family } = settings;
  const name = "cali-nat-outgoing";
  if (!natOutgoing.enabled) return { name, rules: [] };
  const matches = [
    matchSet(ipSetName("masq-ipam-pools", family), "src"),
    matchSet(allPoolsSet(settings), "dst", true),
    natOutgoing.exclusions === "IPPoolsAndHostIPs" ? matchSet(ipSetName("all-hosts-net", family), "dst", true) : "",
    natOutgoing.interfaceFilter === null ? "" : `--out-interface ${natOutgoing.interfaceFilter}`,
  ];
  const match = matches.filter((part) => part !== "").join(" ");
  if (natOutgoing.portRange === null) return { name, rules: [felixRule(match, translateOutgoing(settings, ""))] };
  const ports = `${natOutgoing.portRange.low}-${natOutgoing.portRange.high}`;
  return {
    name,
    rules: [
      ...["tcp", "udp"].flatMap((protocol) => [
        felixRule(`-p ${protocol} ${match}`, translateOutgoing(settings, ports)),
        felixRule(`-p ${protocol} ${match}`, "--jump RETURN"),
      ]),
      felixRule(match, translateOutgoing(settings, "")),
    ],
  };
}

/** What a process of the host sends through a tunnel from another address of the host gets the tunnel's own. */
function tunnelRules(settings: FelixSettings): readonly FelixRule[] {
  return settings.tunnelDevices
    .filter((device) => device.hasAddress)
    .map((device) =>
      felixRule(
        `--out-interface ${device.name} -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL`,
        masquerade(settings, ""),
      ),
    );
}

function by(key: keyof FloatingIP): (a: FloatingIP, b: FloatingIP) => number {
  return (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0);
}

/** The nat table (felix/rules/static.go, StaticNATTableChains; nat.go; felix/dataplane/linux/floating_ip_mgr.go). */
export function staticNatTable(settings: FelixSettings): FelixTable {
  const mode = settings.chainInsertMode;
  const floatingIPs = [...settings.floatingIPs].sort(by("external"));
  // an address of several floating ones answers as the first of them
  const answers = new Map([...floatingIPs].reverse().map((pair) => [pair.internal, pair] as const));
  return {
    name: "nat",
    hooks: [
      { chain: "PREROUTING", mode, rules: [felixRule("", "--jump cali-PREROUTING")] },
      { chain: "OUTPUT", mode, rules: [felixRule("", "--jump cali-OUTPUT")] },
      {
        chain: "POSTROUTING",
        mode: isSince(settings.band, "v3.29") ? "append" : mode,
        rules: [felixRule("", "--jump cali-POSTROUTING")],
      },
    ],
    chains: [
      { name: "cali-PREROUTING", rules: [felixRule("", "--jump cali-fip-dnat")] },
      { name: "cali-OUTPUT", rules: [felixRule("", "--jump cali-fip-dnat")] },
      {
        name: "cali-POSTROUTING",
        rules: [
          felixRule("", "--jump cali-fip-snat"),
          felixRule("", "--jump cali-nat-outgoing"),
          ...tunnelRules(settings),
        ],
      },
      {
        name: "cali-fip-dnat",
        rules: floatingIPs.map(({ external, internal }) =>
          felixRule(`--destination ${external}`, `--jump DNAT --to-destination ${internal}`),
        ),
      },
      {
        name: "cali-fip-snat",
        rules: [...answers.values()]
          .sort(by("internal"))
          .map(({ external, internal }) =>
            felixRule(`--destination ${internal} --source ${internal}`, `--jump SNAT --to-source ${external}`),
          ),
      },
      natOutgoingChain(settings),
    ],
  };
}

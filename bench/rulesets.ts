import { ruleHashes } from "../src/calico/felix/rule-hash.ts";
import { felixPieces, felixTexts } from "../src/readers/calico-rules/felix-spelling.ts";
import { splitWords } from "../src/readers/iptables/words.ts";
import { randomNumbers } from "./benchmark.ts";

/** What `iptables-save` prints, made up at any size. */

function dotted(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** Source that linear rule number `index` accepts. */
export function linearSource(index: number): number {
  return 0x0a80_0000 + index;
}

/** UDP destination port of linear rule number `index`. */
export function linearPort(index: number): number {
  return 1024 + ((index * 7919) % 30000);
}

/** The tables that are empty, so that every hook is crossed, and one rule that turns connection tracking on. */
const TRACKING = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
COMMIT
`;
const TRACKING_NAT = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:tracked - [0:0]
-A tracked -m conntrack --ctstate NEW -j RETURN
COMMIT
`;

/** No rule that a packet meets: all hooks, connection tracking, and the nat table for the first packet of a flow. */
export function noRules(): string {
  return linearRules(0);
}

/** Filter FORWARD with so many rules of `-s`, `-p udp` and `--dport`; each accepts, and so does the policy. */
export function linearRules(count: number): string {
  const lines = ["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]"];
  for (let index = 0; index < count; index++) {
    const source = dotted(linearSource(index));
    lines.push(`-A FORWARD -s ${source}/32 -p udp -m udp --dport ${linearPort(index)} -j ACCEPT`);
  }
  lines.push("COMMIT", "");
  return TRACKING + TRACKING_NAT + lines.join("\n");
}

/** ClusterIP of Service number `index`. */
export function clusterIp(index: number): number {
  return 0x0a60_0000 + 256 + index;
}

function hashName(kind: string, index: number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const random = randomNumbers(index * 31 + kind.length * 7_654_321 + kind.charCodeAt(5));
  let name = "";
  for (let length = 0; length < 16; length++) name += letters[random(32)] ?? "A";
  return `${kind}-${name}`;
}

interface NatTable {
  readonly chains: string[];
  /** KUBE-SERVICES, one for each Service. */
  readonly dispatch: string[];
  readonly rules: string[];
}

/** The seven rules and three chains of a Service with two endpoints, as kube-proxy writes them. */
function addService(nat: NatTable, index: number): void {
  const name = `shop/service-${index}:http`;
  const service = hashName("KUBE-SVC", index);
  const ends = [0, 1].map((end) => ({
    chain: hashName("KUBE-SEP", index * 2 + end),
    address: dotted(0xc0a8_0000 + ((index * 2 + end) % 0xfff0) + 2),
  }));
  nat.chains.push(`:${service} - [0:0]`, ...ends.map((end) => `:${end.chain} - [0:0]`));
  const ip = dotted(clusterIp(index));
  nat.dispatch.push(
    `-A KUBE-SERVICES -d ${ip}/32 -p tcp -m comment --comment "${name} cluster IP" -m tcp --dport 80 -j ${service}`,
  );
  nat.rules.push(
    `-A ${service} ! -s 192.168.0.0/16 -d ${ip}/32 -p tcp -m comment --comment "${name} cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ`,
  );
  ends.forEach(({ chain, address }, end) => {
    const share = end === 0 ? " -m statistic --mode random --probability 0.50000000000" : "";
    nat.rules.push(
      `-A ${service} -m comment --comment "${name} -> ${address}:8080"${share} -j ${chain}`,
      `-A ${chain} -s ${address}/32 -m comment --comment "${name}" -j KUBE-MARK-MASQ`,
      `-A ${chain} -p tcp -m comment --comment "${name}" -m tcp -j DNAT --to-destination ${address}:8080`,
    );
  });
}

const NAT_CHAINS = [
  ":PREROUTING ACCEPT [0:0]",
  ":INPUT ACCEPT [0:0]",
  ":OUTPUT ACCEPT [0:0]",
  ":POSTROUTING ACCEPT [0:0]",
  ":KUBE-SERVICES - [0:0]",
  ":KUBE-MARK-MASQ - [0:0]",
  ":KUBE-POSTROUTING - [0:0]",
];

const NAT_RULES = [
  '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
  '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
  '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
  "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
  "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
  "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
  '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
];

/** kube-proxy's nat table with so many Services of one port and two endpoints each. */
export function serviceRules(services: number): string {
  const nat: NatTable = { chains: [], dispatch: [], rules: [] };
  for (let index = 0; index < services; index++) addService(nat, index);
  const lines = ["*nat", ...NAT_CHAINS, ...nat.chains, ...NAT_RULES, ...nat.dispatch, ...nat.rules, "COMMIT", ""];
  return TRACKING + lines.join("\n");
}

interface FilterTable {
  readonly chains: string[];
  readonly dispatch: string[];
  readonly rules: string[];
}

/** What stands in Felix's rules where their hash comes. */
const HASH = '-m comment --comment "cali:"';

/** Felix's rules with their hashes. */
function withHashes(rules: readonly string[]): readonly string[] {
  const chainOf = (rule: string): string => rule.split(" ", 2)[1] ?? "";
  const hashes = new Map<string, string[]>();
  for (const chain of new Set(rules.filter((rule) => rule.includes(HASH)).map(chainOf))) {
    const own = rules.filter((rule) => chainOf(rule) === chain && rule.includes(HASH));
    hashes.set(chain, [...ruleHashes(chain, own.map(felixText))]);
  }
  return rules.map((rule) =>
    rule.replace(HASH, () => `-m comment --comment "cali:${hashes.get(chainOf(rule))?.shift()}"`),
  );
}

function felixText(rule: string): string {
  const words = splitWords(rule.replace(/^-A \S+ /, "")).words;
  const pieces = felixPieces(words);
  for (const text of pieces === null ? [] : felixTexts(pieces)) return text;
  throw new Error(`Felix writes no rule like ${rule}`);
}

/** The chains of one Calico workload endpoint: fourteen rules. */
function addEndpoint(filter: FilterTable, index: number): void {
  const device = `cali${index.toString(16).padStart(11, "0")}`;
  const policy = `cali-pi-_policy${index % 97}`;
  for (const [letter, way] of [
    ["fw", "from"],
    ["tw", "to"],
  ] as const) {
    const chain = `cali-${letter}-${device}`;
    filter.chains.push(`:${chain} - [0:0]`);
    filter.dispatch.push(`-A cali-${way}-wl-dispatch ${letter === "fw" ? "-i" : "-o"} ${device} ${HASH} -g ${chain}`);
    filter.rules.push(
      `-A ${chain} ${HASH} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      `-A ${chain} ${HASH} -m conntrack --ctstate INVALID -j DROP`,
      `-A ${chain} ${HASH} -j MARK --set-xmark 0x0/0x10000`,
      `-A ${chain} ${HASH} -m mark --mark 0x0/0x20000 -j ${policy}`,
      `-A ${chain} ${HASH} -m comment --comment "Return if policy accepted" -m mark --mark 0x10000/0x10000 -j RETURN`,
      `-A ${chain} -p udp ${HASH} -m comment --comment "Drop VXLAN encapped packets originating in workloads" -m multiport --dports 4789 -j DROP`,
    );
  }
}

/** A node's nat and filter tables with exactly so many rules: six in ten from kube-proxy, the rest from Felix. */
export function nodeRules(rules: number): string {
  const nat: NatTable = { chains: [], dispatch: [], rules: [...NAT_RULES] };
  const natRules = Math.floor(rules * 0.6);
  for (let index = 0; nat.dispatch.length + nat.rules.length + 8 <= natRules; index++) addService(nat, index);
  const filter: FilterTable = {
    chains: [":cali-FORWARD - [0:0]", ":cali-from-wl-dispatch - [0:0]", ":cali-to-wl-dispatch - [0:0]"],
    dispatch: [],
    rules: [
      `-A FORWARD ${HASH} -j cali-FORWARD`,
      `-A cali-FORWARD -i cali+ ${HASH} -j cali-from-wl-dispatch`,
      `-A cali-FORWARD -o cali+ ${HASH} -j cali-to-wl-dispatch`,
    ],
  };
  for (let policy = 0; policy < 97; policy++) filter.chains.push(`:cali-pi-_policy${policy} - [0:0]`);
  const natCount = nat.dispatch.length + nat.rules.length;
  const room = (): number => rules - natCount - filter.dispatch.length - filter.rules.length;
  for (let index = 0; room() >= 14; index++) addEndpoint(filter, index);
  for (let index = 0; room() > 0; index++) {
    filter.rules.push(
      `-A cali-pi-_policy${index % 97} -p tcp -m set --match-set cali40s:set${index} src -m multiport --dports 80,443,8080:8090 -j MARK --set-xmark 0x10000/0x10000`,
    );
  }
  const counted = (list: readonly string[]): string[] =>
    list.map((line, index) => `[${(index * 37) % 1000}:${(index * 2221) % 65537}] ${line}`);
  return [
    "# Generated by iptables-save v1.8.9 on Mon Jan  5 09:00:00 2026",
    "*filter",
    ":INPUT ACCEPT [0:0]",
    ":FORWARD ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    ...filter.chains,
    ...counted(withHashes([...filter.dispatch, ...filter.rules])),
    "COMMIT",
    "# Completed on Mon Jan  5 09:00:00 2026",
    "# Generated by iptables-save v1.8.9 on Mon Jan  5 09:00:00 2026",
    "*nat",
    ...NAT_CHAINS,
    ...nat.chains,
    ...counted([...nat.dispatch, ...nat.rules]),
    "COMMIT",
    "# Completed on Mon Jan  5 09:00:00 2026",
    "",
  ].join("\n");
}

/** The same of ip6tables: every IPv4 address of the rules as an IPv6 address of as many bits. */
export function nodeRules6(rules: number): string {
  const six = (a: string, b: string): string => `fd00:10::${Number(a).toString(16)}:${Number(b).toString(16)}`;
  return nodeRules(rules)
    .replaceAll("iptables-save", "ip6tables-save")
    .replaceAll("192.168.0.0/16", "fd00:10::/64")
    .replaceAll(/(?<=--to-destination )\d+\.\d+\.(\d+)\.(\d+):/g, (_, a, b) => `[${six(a, b)}]:`)
    .replaceAll(/\b\d+\.\d+\.(\d+)\.(\d+)\/32/g, (_, a, b) => `${six(a, b)}/128`);
}

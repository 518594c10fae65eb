import { runChecks } from "../../../src/diagnosis/checks/checks.ts";
import type { Finding } from "../../../src/model/finding.ts";
import { type OriginTable, originTable } from "../../../src/model/origin.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";
import { birdRefusals } from "../../../src/readers/bird/refusal/bird-refusals.ts";
import { readBirdc } from "../../../src/readers/birdc/birdc.ts";
import { readFdb } from "../../../src/readers/bridge/fdb.ts";
import { readIpamCheck } from "../../../src/readers/calicoctl/ipam-check.ts";
import { readIpamShow } from "../../../src/readers/calicoctl/ipam-show.ts";
import { readNodeStatus } from "../../../src/readers/calicoctl/node-status.ts";
import { readConntrack } from "../../../src/readers/conntrack.ts";
import { readConntrackStatistics } from "../../../src/readers/counters/conntrack-statistics.ts";
import { readCounters } from "../../../src/readers/counters/counters.ts";
import { readEvidence } from "../../../src/readers/evidence/read-evidence.ts";
import { readFactsFile } from "../../../src/readers/facts/facts-file.ts";
import { readStatement } from "../../../src/readers/facts/statement.ts";
import { readFirewallStatus } from "../../../src/readers/firewall/status.ts";
import { readAddresses } from "../../../src/readers/ip/address.ts";
import { readLinks } from "../../../src/readers/ip/link.ts";
import { readNeighbours } from "../../../src/readers/ip/neigh.ts";
import { readRoutes } from "../../../src/readers/ip/route.ts";
import { readPolicyRules } from "../../../src/readers/ip/rule.ts";
import { readIpSetList } from "../../../src/readers/ipset/list.ts";
import { readIpSetSave } from "../../../src/readers/ipset/save.ts";
import { openIptablesSave } from "../../../src/readers/iptables/open-save.ts";
import { readIptablesSave } from "../../../src/readers/iptables/save.ts";
import { readLogLines } from "../../../src/readers/logs/log-lines.ts";
import { loggedPacket } from "../../../src/readers/logs/logged-packet.ts";
import { readNftBaseChains } from "../../../src/readers/nft/base-chains.ts";
import { readNftIptablesRules } from "../../../src/readers/nft/iptables-rules.ts";
import { readRecent } from "../../../src/readers/recent.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { readScenario } from "../../../src/readers/scenario/read-scenario.ts";
import { snapshotOfScenario } from "../../../src/readers/scenario/snapshot-of-scenario.ts";
import { readDescription } from "../../../src/readers/snapshot/description.ts";
import { readLoneDump } from "../../../src/readers/snapshot/lone-dump.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { readSockets } from "../../../src/readers/ss.ts";
import { readSysctls } from "../../../src/readers/sysctl.ts";
import { readTables } from "../../../src/readers/tables/read-tables.ts";
import { readWireguard } from "../../../src/readers/wireguard.ts";
import { clusterOf, commandsOf, nodesOf, snapshotOf } from "./folders.ts";

/** A reader as the fuzz sees it: a text in, findings out. */
export interface FuzzedReader {
  readonly name: string;
  /** What its samples have in their path. */
  readonly samples: RegExp;
  read(text: string): readonly Finding[];
  /** What it makes of a text, with the table of origins. */
  hold(text: string): unknown;
}

type Read = (text: string, file: string, origins: OriginTable) => { readonly findings: readonly Finding[] };

export const FILE = "f";

const plain = (name: string, samples: RegExp, read: Read): FuzzedReader => ({
  name,
  samples,
  read: (text) => read(text, FILE, originTable()).findings,
  hold: (text) => {
    const origins = originTable();
    return { origins, dump: read(text, FILE, origins) };
  },
});

/** A reader that makes something else than a dump. */
const other = (name: string, samples: RegExp, read: (text: string) => readonly Finding[]): FuzzedReader => ({
  name,
  samples,
  read,
  hold: read,
});

const iptables =
  (family: 4 | 6): Read =>
  (text, file, origins) => {
    const input = { text, file, family, backend: family === 4 ? "nft" : "legacy" } as const;
    const found: Finding[] = [];
    const opened = openIptablesSave(input, origins, (more) => found.push(...more));
    // its chains are read when somebody looks at them
    for (const { tables } of opened?.rulesets ?? [])
      JSON.stringify([...tables.values()].map(({ chains }) => [...chains.values()]));
    const dump = readIptablesSave(input, origins);
    return { ...dump, findings: [...dump.findings, ...found] };
  };

/** One file of evidence, and what `check` would say of it. */
function evidenceOf(text: string): readonly Finding[] {
  const dump = readLoneDump(text, FILE, [], true);
  const { evidence, findings } = readEvidence(dump.machines, dump.network.origins);
  return [...dump.findings, ...findings, ...runChecks(dump.network, evidence, dump)];
}

const FACTS = [
  "route",
  "address",
  "link",
  "sysctl",
  "rule",
  "rule6",
  "neighbour",
  "set",
  "policy-rule",
  "socket",
  "session",
];

const COMMANDS = [
  "iptables-save -c",
  "ip route",
  "ip addr",
  "birdc show protocols",
  "nstat -az",
  "calicoctl ipam check",
];

/** The text as a paste: cut into pieces, each below a prompt with a command. */
function pastedFindings(text: string): readonly Finding[] {
  const size = Math.max(1, Math.ceil(text.length / 3));
  const pieces = [0, 1, 2].map((index) => text.slice(index * size, (index + 1) * size));
  const pasted = pieces.map(
    (piece, index) => `root@n${index % 2}:~# ${COMMANDS[(text.length + index) % COMMANDS.length]}\n${piece}\n`,
  );
  const { findings, machines, network } = readSnapshot({ name: "paste", files: new Map([["paste", pasted.join("")]]) });
  return [...findings, ...readEvidence(machines, network.origins).findings];
}

/** Every reader of a text that a person can paste. */
export const READERS: readonly FuzzedReader[] = [
  plain("ip addr", /addr|ifconfig/, readAddresses),
  plain("ip link", /link|ifconfig/, readLinks),
  plain("ip route", /route/, readRoutes),
  plain("ip rule", /rule/, readPolicyRules),
  plain("ip neigh", /neigh/, readNeighbours),
  plain("bridge fdb", /fdb/, readFdb),
  plain("ipset save", /ipset/, readIpSetSave),
  plain("ipset list", /ipset/, readIpSetList),
  plain("sysctl", /sysctl/, readSysctls),
  plain("conntrack", /conntrack/, readConntrack),
  plain("conntrack -S", /conntrack/, readConntrackStatistics),
  plain("counters", /counters|nstat/, readCounters),
  plain("ss and netstat", /sockets|\/ss\/|netstat/, readSockets),
  plain("firewalls", /firewall/, readFirewallStatus),
  plain("iptables-save", /iptables/, iptables(4)),
  plain("ip6tables-save", /ip6tables|iptables/, iptables(6)),
  plain("nft", /nft/, (text, file, origins) => readNftBaseChains({ text, file }, origins)),
  plain("birdc", /birdc/, readBirdc),
  plain("bird.cfg", /bird.*cfg|bird/, readBirdConfiguration),
  plain("calicoctl node status", /status/, readNodeStatus),
  plain("calicoctl ipam show", /ipam|status/, readIpamShow),
  plain("calicoctl ipam check", /ipam|status/, readIpamCheck),
  plain("logs", /logs|netstat/, (text, file, origins) => {
    const dump = readLogLines(text, file, origins);
    for (const line of dump.lines) loggedPacket(line.text);
    return dump;
  }),
  plain("recent", /recent/, readRecent),
  plain("wg show", /wg-show/, readWireguard),
  plain("iptables-nft in nft", /nft/, readNftIptablesRules),
  plain("tables of kubectl and calicoctl", /table|cluster/, readTables),
  plain("objects", /cluster|ya?ml/, readResources),
  plain("snapshot.yaml", /snapshot\.ya?ml|ya?ml/, (text, path, origins) => readDescription({ path, text }, origins)),
  other("scenario.yaml", /scenario\.ya?ml/, (text) => readScenario(text, FILE).findings),
  other("facts.yaml", /facts|ya?ml/, (text) => readFactsFile(text, FILE).findings),
  other("a fact", /route|rule|addr|facts/, (text) => {
    const found = readStatement({ file: FILE, line: 1, text: `n1: ${FACTS[text.length % FACTS.length]} ${text}` });
    return "finding" in found ? [found.finding] : [];
  }),
  other("a scenario's network", /scenario\.ya?ml/, (text) => {
    snapshotOfScenario(text);
    return [];
  }),
  other("bird.cfg as BIRD takes it", /bird.*cfg|bird/, (text) =>
    [FILE, "bird6.cfg"].flatMap((file) => birdRefusals(text, file, () => [{ path: "included", text }])),
  ),
  other("manifests of a cluster", /manifests|cluster/, (text) => clusterOf(text, FILE)),
  other("nodes.yaml", /nodes\.ya?ml|fabric|snapshot\.ya?ml/, (text) => nodesOf(text, FILE)),
  other("a file of a snapshot", /./, (text) => snapshotOf(text, FILE)),
  other("commands", /commands/, commandsOf),
  other("one dump alone", /./, (text) => readLoneDump(text, FILE).findings),
  other("one dump alone, evidence too", /birdc|status|nstat|log|nft/, evidenceOf),
  other("a paste of several commands", /./, pastedFindings),
];

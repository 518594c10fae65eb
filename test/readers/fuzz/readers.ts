import type { Finding } from "../../../src/model/finding.ts";
import { type OriginTable, originTable } from "../../../src/model/origin.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";
import { readBirdc } from "../../../src/readers/birdc/birdc.ts";
import { readFdb } from "../../../src/readers/bridge/fdb.ts";
import { readNodeStatus } from "../../../src/readers/calicoctl/node-status.ts";
import { readConntrack } from "../../../src/readers/conntrack.ts";
import { readConntrackStatistics } from "../../../src/readers/counters/conntrack-statistics.ts";
import { readCounters } from "../../../src/readers/counters/counters.ts";
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
import { readIptablesSave } from "../../../src/readers/iptables/save.ts";
import { readNftBaseChains } from "../../../src/readers/nft/base-chains.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { readScenario } from "../../../src/readers/scenario/read-scenario.ts";
import { readDescription } from "../../../src/readers/snapshot/description.ts";
import { readLoneDump } from "../../../src/readers/snapshot/lone-dump.ts";
import { readSockets } from "../../../src/readers/ss.ts";
import { readSysctls } from "../../../src/readers/sysctl.ts";
import { readTables } from "../../../src/readers/tables/read-tables.ts";

/** A reader as the fuzz sees it: a text in, findings out. */
export interface FuzzedReader {
  readonly name: string;
  /** What its samples have in their path. */
  readonly samples: RegExp;
  read(text: string): readonly Finding[];
}

type Read = (text: string, file: string, origins: OriginTable) => { readonly findings: readonly Finding[] };

export const FILE = "f";

const plain = (name: string, samples: RegExp, read: Read): FuzzedReader => ({
  name,
  samples,
  read: (text) => read(text, FILE, originTable()).findings,
});

const iptables =
  (family: 4 | 6): Read =>
  (text, file, origins) =>
    readIptablesSave({ text, file, family, backend: family === 4 ? "nft" : "legacy" }, origins);

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
  plain("tables of kubectl and calicoctl", /table|cluster/, readTables),
  plain("objects", /cluster|ya?ml/, readResources),
  plain("snapshot.yaml", /snapshot\.ya?ml|ya?ml/, (text, path, origins) => readDescription({ path, text }, origins)),
  { name: "scenario.yaml", samples: /scenario\.ya?ml/, read: (text) => readScenario(text, FILE).findings },
  { name: "facts.yaml", samples: /facts|ya?ml/, read: (text) => readFactsFile(text, FILE).findings },
  {
    name: "a fact",
    samples: /route|rule|addr/,
    read: (text) => {
      const found = readStatement({ file: FILE, line: 1, text: `n1: route ${text}` });
      return "finding" in found ? [found.finding] : [];
    },
  },
  { name: "one dump alone", samples: /./, read: (text) => readLoneDump(text, FILE).findings },
];

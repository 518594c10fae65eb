import { buildNetwork } from "../../../src/model/build-network.ts";
import type { NETWORK_CODES } from "../../../src/model/codes/network-codes.ts";
import { type Host, host } from "../../../src/model/host.ts";
import { interfaceAddress, networkInterface } from "../../../src/model/interface.ts";
import { nextHop, type Route, route } from "../../../src/model/route.ts";
import { type Ruleset, rule } from "../../../src/model/ruleset.ts";
import { type Address, parseAddress } from "../../../src/net/address.ts";
import { type Prefix, parsePrefix } from "../../../src/net/prefix.ts";
import { type ExamplesOf, type LibraryExample, NODE, snapshot } from "../example.ts";

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

const of = (fields: Partial<Host>, key = "n1"): LibraryExample => ({
  library: () => buildNetwork({ hosts: new Map([[key, host({ name: "n1", ...fields })]]) }).findings,
});
const device = (fields: Parameters<typeof networkInterface>[0]): LibraryExample =>
  of({ interfaces: new Map([[fields.name, networkInterface(fields)]]) });
const routed = (fields: Route): LibraryExample => of({ routes: [fields] });

export const NETWORK_EXAMPLES: ExamplesOf<typeof NETWORK_CODES> = {
  "host-bits": routed(route({ destination: { address: address("10.0.0.7"), length: 8 } })),
  "host-name": of({}, "n2"),
  "mac-address": device({ name: "eth0", mac: "0200.0000.0001" }),
  "missing-chain": { library: () => missingChain() },
  "missing-interface": snapshot({ "nodes/n1/ip-route.txt": "default via 172.16.0.1 dev eth7\n" }),
  "missing-master": snapshot({
    "nodes/n1/ip-addr.txt": (NODE["cluster1/nodes/n1/ip-addr.txt"] ?? "").replace(
      "qdisc fq state UP",
      "qdisc fq master br7 state UP",
    ),
  }),
  mtu: snapshot({
    "nodes/n1/ip-addr.txt": (NODE["cluster1/nodes/n1/ip-addr.txt"] ?? "").replace("mtu 1500", "mtu 15"),
  }),
  "next-hop-weight": routed(route({ destination: prefix("10.0.0.0/8"), nextHops: [nextHop({ weight: 0 })] })),
  "prefix-length": device({
    name: "eth0",
    addresses: [interfaceAddress({ address: address("10.0.0.1"), prefixLength: 64 })],
  }),
  "route-family": routed(route({ destination: prefix("10.0.0.0/8"), family: 6 })),
  "two-links": {
    library: () =>
      buildNetwork({
        hosts: new Map([
          ["n1", host({ name: "n1", interfaces: new Map([["eth0", networkInterface({ name: "eth0" })]]) })],
        ]),
        links: ["a", "b"].map((name) => ({
          name,
          members: [{ host: "n1", interface: "eth0" }],
          closed: false,
          mtu: null,
          origin: 0,
        })),
      }).findings,
  },
};

/** Readers mark such rules; only a program can make one. */
function missingChain(): ReturnType<typeof buildNetwork>["findings"] {
  return buildNetwork({ hosts: new Map([["n1", host({ name: "n1", rulesets: [jumpingNowhere()] })]]) }).findings;
}

function jumpingNowhere(): Ruleset {
  const jump = rule({ target: { kind: "jump", chain: "cali-INPUT" } });
  const input = { name: "INPUT", policy: "ACCEPT" as const, rules: [jump], counters: null, origin: 0 };
  const filter = { name: "filter" as const, chains: new Map([["INPUT", input]]) };
  return { family: 4, backend: "legacy", tables: new Map([["filter", filter]]) };
}

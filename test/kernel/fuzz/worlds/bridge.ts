import fc from "fast-check";
import { z } from "zod";
import type { Lab, LabHost, LabInterface } from "../../harness/lab.ts";
import type { FuzzTables, HostRuleset } from "../case.ts";
import { sequencesOf } from "../packets.ts";
import { mark } from "../pools.ts";
import type { Head, Traffic } from "../traffic.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { type RulesetWish, randomRulesets, type WorldKind, worldKind } from "../world-kind.ts";

const flags = z.object({
  hairpin: z.boolean(),
  isolated: z.boolean(),
  learning: z.boolean(),
  flood: z.boolean(),
  broadcastFlood: z.boolean(),
});

/** One or two bridges in a row, a host behind each port, and a host D that the first bridge's machine routes for. */
const schema = z.object({
  bridges: z.array(
    z.object({
      ports: z.number().int().min(1).max(3),
      flags: z.array(flags),
      addressed: z.boolean(),
      callIptables: z.boolean(),
      sysctls: z.record(z.string(), z.string()),
      portMtu: z.number(),
    }),
  ),
  /** Settings of the hosts, in order: what they do about ARP, and wrong entries that they hold. */
  hosts: z.array(z.object({ sysctls: z.record(z.string(), z.string()), neighbours: z.array(z.string()) })),
  wrongEntries: z.array(z.string()),
});
type Bridged = z.infer<typeof schema>;

const NAMES = ["A", "B", "C", "E", "F", "G"] as const;
const SWITCHES = ["S1", "S2"] as const;

/** The port names of a bridge that lead to hosts. */
function portsOf({ bridges }: Bridged, bridge: number): readonly string[] {
  return Array.from({ length: bridges[bridge]?.ports ?? 0 }, (_, index) => `p${index + 1}`);
}

/** Hosts in order, with the bridge and port that each is behind. */
function endsOf(world: Bridged): readonly {
  readonly name: string;
  readonly address: string;
  readonly bridge: number;
  readonly port: string;
}[] {
  const places = world.bridges.flatMap((_, bridge) => portsOf(world, bridge).map((port) => ({ bridge, port })));
  return places.map((place, index) => ({ name: NAMES[index] ?? "A", address: `10.0.0.${index + 1}`, ...place }));
}

/** The oracle numbers hosts in order: switches first, then the ends, then D. */
function macOf(world: Bridged, end: number): string {
  return `02:00:00:0${world.bridges.length + end + 1}:00:02`;
}

const settings = {
  arp: fc.constantFrom("0", "0", "0", "1", "2", "8"),
  few: <T>(arbitrary: fc.Arbitrary<T>, otherwise: T): fc.Arbitrary<T> =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary }),
};

const flagsArbitrary = fc.record({
  hairpin: settings.few(fc.boolean(), false),
  isolated: settings.few(fc.boolean(), false),
  learning: settings.few(fc.boolean(), true),
  flood: settings.few(fc.boolean(), true),
  broadcastFlood: settings.few(fc.boolean(), true),
});

const bridgeArbitrary = fc.record({
  ports: fc.integer({ min: 2, max: 3 }),
  flags: fc.array(flagsArbitrary, { minLength: 4, maxLength: 4 }),
  addressed: fc.constantFrom(true, true, false),
  callIptables: fc.constantFrom(true, true, true, false),
  portMtu: fc.constantFrom(1500, 1500, 1500, 1300),
  sysctls: fc
    .subarray(
      [
        ["net.ipv4.conf.br0.proxy_arp", "1"],
        ["net.ipv4.conf.br0.proxy_arp_pvlan", "1"],
        ["net.ipv4.conf.br0.rp_filter", "1"],
        ["net.ipv4.conf.br0.arp_ignore", "1"],
        ["net.ipv4.conf.br0.arp_filter", "1"],
        ["net.ipv4.ip_forward", "0"],
        ["net.ipv4.conf.br0.forwarding", "0"],
        ["net.ipv4.conf.br0.accept_local", "1"],
        ["net.ipv4.conf.br0.route_localnet", "1"],
      ] as const,
      { maxLength: 2 },
    )
    .map((list) => Object.fromEntries(list)),
});

const hostArbitrary = fc
  .tuple(settings.arp, settings.few(fc.constantFrom("1", "2"), "0"))
  .map(([ignore, announce]) => ({
    ...(ignore === "0" ? {} : { "net.ipv4.conf.eth0.arp_ignore": ignore }),
    ...(announce === "0" ? {} : { "net.ipv4.conf.eth0.arp_announce": announce }),
  }));

const worlds: fc.Arbitrary<Bridged> = fc
  .tuple(
    fc.array(bridgeArbitrary, { minLength: 1, maxLength: 2 }),
    fc.array(fc.tuple(hostArbitrary, settings.few(fc.nat(5), -1)), { minLength: 6, maxLength: 6 }),
    settings.few(fc.tuple(fc.nat(5), fc.nat(2)), null),
  )
  .map(([bridges, hosts, wrong]) => {
    const bare: Bridged = { bridges, hosts: [], wrongEntries: [] };
    const count = endsOf(bare).length;
    return {
      bridges,
      hosts: hosts.map(([sysctls, stranger]) => ({
        sysctls,
        // A neighbour entry with the MAC address of another host, or of nobody.
        neighbours:
          stranger < 0 ? [] : [`10.0.0.9 eth0 ${stranger < count ? macOf(bare, stranger) : "02:99:99:99:99:99"}`],
      })),
      wrongEntries:
        wrong === null
          ? []
          : [`${wrong[0] < count ? macOf(bare, wrong[0]) : "02:99:99:99:99:99"} p${wrong[1] + 1} br0`],
    };
  });

function lab(world: Bridged): Lab {
  const ends = endsOf(world);
  const second = world.bridges.length > 1;
  const bridges = world.bridges.map((bridge, index): LabHost => {
    const port = (name: string, position: number): LabInterface => ({
      name,
      master: "br0",
      mtu: position === 0 && index === 0 ? bridge.portMtu : 1500,
      // A trunk that reflects what is flooded moves addresses to and fro, in an order of time slices.
      bridgePort: { ...bridge.flags[position], ...(name === "trunk" ? { hairpin: false } : {}) },
    });
    const names = [...portsOf(world, index), ...(second ? ["trunk"] : [])];
    return {
      name: SWITCHES[index] ?? "S1",
      interfaces: [
        ...names.map(port),
        ...(index === 0 ? [{ name: "up0", addresses: ["10.0.1.1/24"] }] : []),
        // Last, as it is made last: a source address is looked for in the order in which devices were registered.
        {
          name: "br0",
          kind: "bridge",
          addresses: bridge.addressed ? [`10.0.0.${254 - index}/24`] : [],
        },
      ],
      bridgeFdb: index === 0 ? world.wrongEntries.filter((entry) => names.includes(entry.split(" ")[1] ?? "")) : [],
      sysctls: {
        "net.ipv4.ip_forward": "1",
        "net.ipv4.conf.all.send_redirects": "0",
        "net.ipv4.conf.br0.send_redirects": "0",
        ...(index === 0 ? { "net.ipv4.conf.up0.send_redirects": "0" } : {}),
        "net.ipv4.neigh.br0.proxy_delay": "0",
        "net.bridge.bridge-nf-call-iptables": bridge.callIptables ? "1" : "0",
        ...bridge.sysctls,
      },
    };
  });
  const hosts = ends.map(({ name, address, bridge, port }, index): LabHost => {
    const first = bridge === 0 && port === "p1";
    return {
      name,
      interfaces: [
        { name: "eth0", addresses: [`${address}/24`], mtu: first ? (world.bridges[0]?.portMtu ?? 1500) : 1500 },
      ],
      routes: ["default via 10.0.0.254"],
      ...world.hosts[index],
    };
  });
  const d: LabHost = {
    name: "D",
    interfaces: [{ name: "eth0", addresses: ["10.0.1.2/24"] }],
    routes: ["default via 10.0.1.1"],
  };
  return {
    hosts: [...bridges, ...hosts, d],
    links: [
      ...ends.map(({ name, bridge, port }) => [`${SWITCHES[bridge]}:${port}`, `${name}:eth0`] as const),
      ...(second ? [["S1:trunk", "S2:trunk"] as const] : []),
      ["S1:up0", "D:eth0"],
    ],
    forget: true,
  };
}

const OWN = ["10.0.0.254", "10.0.0.253", "10.0.1.1"];

function words(world: Bridged): Vocabulary {
  const addresses = endsOf(world).map(({ address }) => address);
  const network = fc.constantFrom(
    "10.0.0.0/24",
    "10.0.0.0/30",
    "10.0.1.0/24",
    "10.0.1.2",
    "10.96.0.1",
    ...addresses,
    ...OWN,
  );
  return {
    family: 4,
    prefix: network,
    network,
    host: fc.constantFrom("10.0.1.2", "10.96.0.1", ...addresses, ...OWN),
    range: fc.constantFrom("10.0.0.1-10.0.0.2", "10.0.0.0-10.0.1.255"),
    device: fc.constantFrom("br0", "br0", "up0", "p1"),
    devicePattern: fc.constantFrom("br+", "p+", "lo"),
    mac: fc.constantFrom(...endsOf(world).map((_, index) => macOf(world, index))),
    dnatTo: fc.constantFrom("10.0.1.2", "10.66.0.1", ...addresses, ...addresses, ...OWN),
    snatTo: fc.constantFrom("10.77.0.9", ...OWN, ...addresses),
    netmapDestination: fc.constant("10.0.1.0/24"),
    netmapSource: fc.constant("10.77.3.0/24"),
  };
}

/** `-m physdev` with options that the chain takes, and what a table may do then. */
function physdevRule(table: string, chain: string, names: readonly string[]): fc.Arbitrary<string> {
  const no = fc.constantFrom("", "", "! ");
  const device = fc.constantFrom(...names, "p+", "eth0");
  const leaves = chain === "FORWARD" || chain === "POSTROUTING";
  const one = fc.oneof(
    fc.tuple(no, device).map(([not, name]) => `${not}--physdev-in ${name}`),
    no.map((not) => `${not}--physdev-is-in`),
    no.map((not) => `${not}--physdev-is-bridged`),
    ...(leaves
      ? [
          fc.tuple(no, device).map(([not, name]) => `--physdev-is-bridged ${not}--physdev-out ${name}`),
          no.map((not) => `--physdev-is-bridged ${not}--physdev-is-out`),
        ]
      : []),
  );
  const target =
    table === "mangle"
      ? "MARK --set-xmark 0x1/0xff"
      : table === "filter"
        ? fc.constantFrom("ACCEPT", "DROP", "REJECT")
        : "ACCEPT";
  const targets = typeof target === "string" ? fc.constant(target) : target;
  return fc.tuple(one, targets).map(([match, then]) => `-m physdev ${match} -j ${then}`);
}

/** The tables with physdev rules put in front of some of their built-in chains. */
function withPhysdev(tables: FuzzTables, names: readonly string[]): fc.Arbitrary<FuzzTables> {
  const rule = (table: string, chain: string, policy: string | null): fc.Arbitrary<readonly string[]> =>
    policy === null || chain === "OUTPUT" || table === "nat"
      ? fc.constant([])
      : fc.array(physdevRule(table, chain, names), { maxLength: 2 });
  return fc.tuple(
    ...tables.map((table) =>
      fc
        .tuple(
          ...table.chains.map((chain) =>
            rule(table.name, chain.name, chain.policy).map((rules) => ({
              ...chain,
              rules: [...rules, ...chain.rules],
            })),
          ),
        )
        .map((chains) => ({ ...table, chains })),
    ),
  );
}

function isAddressed({ bridges }: Bridged, name: string): boolean {
  return bridges[name === "S1" ? 0 : 1]?.addressed === true;
}

/** Where the bridge has no address REDIRECT drops, which nft reports as its verdict and the legacy trace does not. */
function withoutRedirect(tables: FuzzTables): FuzzTables {
  return tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => ({
      ...chain,
      rules: chain.rules.filter((rule) => !rule.includes("-j REDIRECT")),
    })),
  }));
}

function rulesets(world: Bridged, wish: RulesetWish): fc.Arbitrary<readonly HostRuleset[]> {
  const hosts = world.bridges.map((_, index) => ({ name: SWITCHES[index] ?? "S1", words: words(world) }));
  return randomRulesets(hosts, wish).chain((list) =>
    fc.tuple(
      ...list.map((ruleset) =>
        withPhysdev(ruleset.tables, ["p1", "p2", "p3", "trunk"]).map((tables) => ({
          ...ruleset,
          tables: isAddressed(world, ruleset.host) ? tables : withoutRedirect(tables),
        })),
      ),
    ),
  );
}

function traffic(world: Bridged): Traffic {
  const ends = endsOf(world);
  const addresses = ends.map(({ address }) => address);
  const senders = ends.map(({ name, address }) => fc.constant({ host: name, src: address }));
  const below = fc.constant({ host: "S1", interface: "up0", src: "10.0.1.2" });
  const flowDestination = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...addresses) },
    { weight: 2, arbitrary: fc.constantFrom("10.0.1.2", "10.96.0.1", ...OWN) },
  );
  const program: fc.Arbitrary<Head> = fc.oneof(
    fc.record({ host: fc.constantFrom(...ends.map(({ name }) => name), "D"), dst: flowDestination }),
    fc.record({
      host: fc.constantFrom(...world.bridges.map((_, index) => SWITCHES[index] ?? "S1")),
      dst: flowDestination,
      mark,
    }),
  );
  return {
    family: 4,
    arrival: fc.oneof({ weight: 4, arbitrary: fc.oneof(...senders) }, { weight: 1, arbitrary: below }),
    oddArrival: fc.record({
      host: fc.constant("S1"),
      interface: fc.constantFrom("up0", ...portsOf(world, 0)),
      src: fc.constantFrom("10.0.1.2", "10.66.0.1", "0.0.0.0", "127.0.0.1", ...addresses, ...OWN),
    }),
    sent: program,
    flowSent: program,
    destination: fc.oneof(
      { weight: 8, arbitrary: flowDestination },
      { weight: 1, arbitrary: fc.constantFrom("10.0.0.9", "10.66.0.1", "10.0.0.77") },
      { weight: 2, arbitrary: fc.constantFrom("10.0.0.255", "255.255.255.255", "224.0.0.1", "224.0.0.5") },
    ),
    flowDestination,
    errorArrival: fc.oneof(...senders),
    cousin: "10.0.0.1",
  };
}

/** Frames through bridges: learning, flooding, port flags, and rules that br_netfilter runs for them. */
export const bridge: WorldKind = worldKind({
  name: "bridge",
  families: [4],
  schema,
  worlds,
  lab,
  mute: (world) => [...endsOf(world).map(({ name }) => name), "D"],
  fuzzed: () => [],
  rulesets,
  sequences: (world) => sequencesOf(traffic(world)),
  conntrack: true,
});

import fc from "fast-check";
import { z } from "zod";
import type { Lab, LabHost } from "../../harness/lab.ts";
import { sequencesOf } from "../packets.ts";
import { mark } from "../pools.ts";
import type { Head, Traffic } from "../traffic.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { type FuzzedHost, type WorldKind, worldKind } from "../world-kind.ts";

/** Routers joined by links, a host on a subnet of its own at some of them, and every router's way to every subnet. */
export interface Mesh {
  readonly routers: readonly {
    readonly name: string;
    readonly routes: readonly string[];
    readonly rules: readonly string[];
    readonly sysctls: Readonly<Record<string, string>>;
  }[];
  /** Pairs of routers; the subnet of link k is 10.0.k.0/24. */
  readonly links: readonly {
    readonly number: number;
    readonly ends: readonly [string, string];
    readonly mtu: number;
  }[];
  /** Hosts and the router each is at; the subnet of host k is 10.1.k.0/24. */
  readonly ends: readonly { readonly name: string; readonly number: number; readonly at: string }[];
}

export const meshSchema: z.ZodType<Mesh> = z.object({
  routers: z.array(
    z.object({
      name: z.string(),
      routes: z.array(z.string()),
      rules: z.array(z.string()),
      sysctls: z.record(z.string(), z.string()),
    }),
  ),
  links: z.array(z.object({ number: z.number(), ends: z.tuple([z.string(), z.string()]), mtu: z.number() })),
  ends: z.array(z.object({ name: z.string(), number: z.number(), at: z.string() })),
});

const END_NAMES = ["A", "B", "C"] as const;

const linkDevice = (number: number): string => `l${number}`;
const endDevice = (number: number): string => `h${number}`;

/** The addresses a router has on a link: the first end is .1, the second .2. */
function linkAddress(link: Mesh["links"][number], router: string): string {
  return `10.0.${link.number}.${link.ends[0] === router ? 1 : 2}`;
}

function neighbours(
  mesh: Pick<Mesh, "links">,
  router: string,
): readonly { readonly router: string; readonly via: string }[] {
  return mesh.links.flatMap((link) => {
    const [x, y] = link.ends;
    if (x !== router && y !== router) return [];
    const other = x === router ? y : x;
    return [{ router: other, via: linkAddress(link, other) }];
  });
}

/** The next router on a shortest way, or null. */
function nextOf(mesh: Pick<Mesh, "links">, from: string, to: string): string | null {
  const first = new Map<string, string>();
  const queue = [from];
  for (const here of queue) {
    for (const { router, via } of neighbours(mesh, here)) {
      if (router === from || first.has(router)) continue;
      first.set(router, first.get(here) ?? via);
      queue.push(router);
    }
  }
  return first.get(to) ?? null;
}

const topology: fc.Arbitrary<Pick<Mesh, "links" | "ends"> & { readonly names: readonly string[] }> = fc
  .tuple(fc.integer({ min: 2, max: 4 }), fc.boolean(), fc.nat(3), fc.constantFrom(1500, 1500, 1500, 1300))
  .map(([count, ring, middle, mtu]) => {
    const names = Array.from({ length: count }, (_, index) => `R${index + 1}`);
    const pairs = names.slice(1).map((name, index) => [names[index] ?? "", name] as const);
    if (ring && count > 2) pairs.push([names[0] ?? "", names[count - 1] ?? ""]);
    return {
      names,
      links: pairs.map(([x, y], index) => ({ number: index + 1, ends: [x, y], mtu: index === 0 ? mtu : 1500 })),
      ends: END_NAMES.map((name, index) => ({
        name,
        number: index + 1,
        at: names[index === 0 ? 0 : index === 1 ? count - 1 : middle % count] ?? "R1",
      })),
    };
  });

type How = "short" | "other" | "none" | "blackhole" | "unreachable" | "prohibit" | "throw";

const how: fc.Arbitrary<How> = fc.oneof(
  { weight: 10, arbitrary: fc.constant("short") },
  { weight: 2, arbitrary: fc.constant("other") },
  { weight: 1, arbitrary: fc.constantFrom("none", "blackhole", "unreachable", "prohibit", "throw") },
);

/** How one router reaches each subnet: mostly the short way, now and then another, so that ways there and back differ. */
function routesOf(mesh: Pick<Mesh, "links" | "ends">, router: string): fc.Arbitrary<readonly string[]> {
  const near = neighbours(mesh, router);
  const targets = [
    ...mesh.ends.filter(({ at }) => at !== router).map(({ number, at }) => ({ prefix: `10.1.${number}.0/24`, at })),
    ...mesh.links
      .filter(({ ends }) => !ends.includes(router))
      .map(({ number, ends }) => ({ prefix: `10.0.${number}.0/24`, at: ends[0] })),
  ];
  const one = ({ prefix, at }: (typeof targets)[number]): fc.Arbitrary<readonly string[]> =>
    fc.tuple(how, fc.nat(7), fc.constantFrom("", "", "", " table 100")).map(([kind, pick, table]) => {
      const short = nextOf(mesh, router, at);
      switch (kind) {
        case "short":
          return short === null ? [] : [`${prefix} via ${short}${table}`];
        case "other":
          return [`${prefix} via ${near[pick % near.length]?.via ?? short}${table}`];
        case "none":
          return [];
        default:
          return [`${kind} ${prefix}${table}`];
      }
    });
  const fallback = fc
    .tuple(fc.boolean(), fc.nat(7))
    .map(([has, pick]) => (has ? [`default via ${near[pick % near.length]?.via}`] : []));
  return fc.tuple(fallback, ...targets.map(one)).map((lists) => lists.flat());
}

function rulesOf(mesh: Pick<Mesh, "links" | "ends">, router: string): fc.Arbitrary<readonly string[]> {
  const devices = devicesOf(mesh, router);
  const selector = fc.oneof(
    fc.constantFrom("fwmark 1", "fwmark 7", "fwmark 0x10/0x10", "tos 0x10", "iif lo", "not from all fwmark 0/0xff"),
    fc.constantFrom("from 10.1.1.0/24", "from 10.1.2.0/24", "to 10.1.2.0/24", "to 10.1.1.128/25", "from 10.0.0.0/16"),
    fc.constantFrom(...devices).map((device) => `iif ${device}`),
    fc.constantFrom(...devices).map((device) => `iif ${device} ipproto tcp dport 80`),
  );
  const action = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom("table 100", "table 100", "table 254 suppress_prefixlength 0", "goto 32766"),
    },
    { weight: 1, arbitrary: fc.constantFrom("blackhole", "unreachable", "prohibit") },
  );
  return fc
    .uniqueArray(fc.tuple(selector, action), { maxLength: 2, selector: ([text]) => text })
    .map((list) => list.map(([text, what], index) => `${text} pref ${100 + index * 10} ${what}`));
}

function devicesOf(mesh: Pick<Mesh, "links" | "ends">, router: string): readonly string[] {
  return [
    ...mesh.ends.filter(({ at }) => at === router).map(({ number }) => endDevice(number)),
    ...mesh.links.filter(({ ends }) => ends.includes(router)).map(({ number }) => linkDevice(number)),
  ];
}

function sysctlsOf(devices: readonly string[]): fc.Arbitrary<Readonly<Record<string, string>>> {
  const filter = fc.constantFrom("0", "0", "0", "1", "2");
  return fc
    .tuple(
      filter,
      fc.tuple(
        ...devices.map((device) => filter.map((value) => [`net.ipv4.conf.${device}.rp_filter`, value] as const)),
      ),
      fc.subarray(
        [
          ["net.ipv4.icmp_errors_use_inbound_ifaddr", "1"],
          ["net.ipv4.fwmark_reflect", "1"],
          ["net.netfilter.nf_conntrack_tcp_loose", "0"],
          ["net.ipv4.icmp_echo_ignore_all", "1"],
          ...devices.map((device) => [`net.ipv4.conf.${device}.forwarding`, "0"] as const),
          ...devices.map((device) => [`net.ipv4.conf.${device}.accept_local`, "1"] as const),
          ...devices.map((device) => [`net.ipv4.conf.${device}.route_localnet`, "1"] as const),
        ] as const,
        { maxLength: 1 },
      ),
    )
    .map(([all, each, more]) => ({
      "net.ipv4.conf.all.rp_filter": all,
      ...Object.fromEntries(each.filter(([, value]) => value !== "0")),
      ...Object.fromEntries(more),
    }));
}

type Sysctls = (devices: readonly string[]) => fc.Arbitrary<Readonly<Record<string, string>>>;

export const meshWorlds = (sysctls: Sysctls): fc.Arbitrary<Mesh> =>
  topology.chain(({ names, links, ends }) =>
    fc
      .tuple(
        ...names.map((name) =>
          fc
            .tuple(
              routesOf({ links, ends }, name),
              rulesOf({ links, ends }, name),
              sysctls(devicesOf({ links, ends }, name)),
            )
            .map(([routes, rules, settings]) => ({ name, routes, rules, sysctls: settings })),
        ),
      )
      .map((routers) => ({ routers, links, ends })),
  );

/** Addresses of a host beside .2: errors of routes are limited by source. */
const SPREAD = 40;

export function meshLab(mesh: Mesh): Lab {
  const endPosition = (name: string): number =>
    mesh.routers.length + mesh.ends.findIndex((end) => end.name === name) + 1;
  const routers = mesh.routers.map(({ name, routes, rules, sysctls }): LabHost => {
    const hosts = mesh.ends.filter(({ at }) => at === name);
    return {
      name,
      interfaces: [
        ...hosts.map(({ number }) => ({ name: endDevice(number), addresses: [`10.1.${number}.1/24`] })),
        ...mesh.links
          .filter(({ ends }) => ends.includes(name))
          .map((link) => ({
            name: linkDevice(link.number),
            addresses: [`${linkAddress(link, name)}/24`],
            mtu: link.mtu,
          })),
      ],
      routes,
      rules,
      neighbours: hosts.flatMap((end) =>
        Array.from(
          { length: SPREAD },
          (_, index) =>
            `10.1.${end.number}.${129 + index} ${endDevice(end.number)} 02:00:00:0${endPosition(end.name)}:00:02`,
        ),
      ),
      sysctls: {
        "net.ipv4.ip_forward": "1",
        "net.ipv4.conf.all.send_redirects": "0",
        ...Object.fromEntries(devicesOf(mesh, name).map((device) => [`net.ipv4.conf.${device}.send_redirects`, "0"])),
        ...sysctls,
      },
    };
  });
  const ends = mesh.ends.map(
    ({ name, number }): LabHost => ({
      name,
      interfaces: [{ name: "eth0", addresses: [`10.1.${number}.2/24`] }],
      routes: [`default via 10.1.${number}.1`, `local 10.1.${number}.128/25 dev lo`],
    }),
  );
  return {
    hosts: [...routers, ...ends],
    links: [
      ...mesh.ends.map(({ name, number, at }) => [`${at}:${endDevice(number)}`, `${name}:eth0`] as const),
      ...mesh.links.map(
        ({ number, ends: [x, y] }) => [`${x}:${linkDevice(number)}`, `${y}:${linkDevice(number)}`] as const,
      ),
    ],
    staticNeighbours: true,
  };
}

function addressesOf(mesh: Mesh, router: string): readonly string[] {
  return [
    ...mesh.ends.filter(({ at }) => at === router).map(({ number }) => `10.1.${number}.1`),
    ...mesh.links.filter(({ ends }) => ends.includes(router)).map((link) => linkAddress(link, router)),
  ];
}

function words(mesh: Mesh, router: string): Vocabulary {
  const devices = devicesOf(mesh, router);
  const own = addressesOf(mesh, router);
  const network = fc.oneof(
    fc.constantFrom("10.1.1.0/24", "10.1.2.0/24", "10.1.3.0/24", "10.1.1.128/26", "10.0.0.0/16", "10.0.1.0/24"),
    fc.constantFrom("10.1.1.2", "10.1.2.2", "10.96.0.1", "10.96.0.0/24", "10.0.0.0/8", "127.0.0.0/8"),
    fc.constantFrom(...own),
  );
  return {
    family: 4,
    prefix: fc.oneof(
      { weight: 12, arbitrary: network },
      { weight: 1, arbitrary: fc.constant("10.1.0.0/255.255.0.255") },
    ),
    network,
    host: fc.constantFrom("10.1.1.2", "10.1.2.2", "10.1.3.2", "10.96.0.1", "10.1.1.1", ...own),
    range: fc.constantFrom("10.1.1.0-10.1.1.140", "10.1.2.1-10.1.2.3", "10.0.0.0-10.1.1.255"),
    device: fc.constantFrom(...devices),
    devicePattern: fc.constantFrom("h+", "l+", "lo"),
    mac: fc.constantFrom("02:00:00:01:00:02", "02:00:00:02:00:02", "02:00:00:03:00:02"),
    dnatTo: fc.constantFrom("10.1.1.2", "10.1.2.2", "10.1.3.2", "10.1.2.130", "127.0.0.1", "10.66.0.1", ...own),
    snatTo: fc.constantFrom("10.77.0.9", "10.1.1.1", ...own, ...own),
    netmapDestination: fc.constant("10.1.2.0/24"),
    netmapSource: fc.constant("10.77.3.0/24"),
  };
}

export function meshTraffic(mesh: Mesh): Traffic {
  const names = mesh.routers.map(({ name }) => name);
  const own = names.flatMap((name) => addressesOf(mesh, name));
  const spread = (number: number): fc.Arbitrary<string> =>
    fc.integer({ min: 129, max: 128 + SPREAD }).map((last) => `10.1.${number}.${last}`);
  const arrivals = mesh.ends.map(({ number, at }) =>
    fc.record({
      host: fc.constant(at),
      interface: fc.constant(endDevice(number)),
      src: fc.oneof(
        { weight: 4, arbitrary: spread(number) },
        { weight: 1, arbitrary: fc.constant(`10.1.${number}.2`) },
      ),
    }),
  );
  const anywhere = names.map((name) =>
    fc.record({
      host: fc.constant(name),
      interface: fc.constantFrom(...devicesOf(mesh, name)),
      src: fc.oneof(
        { weight: 3, arbitrary: fc.oneof(...mesh.ends.map(({ number }) => spread(number))) },
        { weight: 1, arbitrary: fc.constantFrom(...own, "127.0.0.1", "0.0.0.0", "10.66.0.1") },
      ),
    }),
  );
  const flowDestination = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...mesh.ends.map(({ number }) => `10.1.${number}.2`)) },
    { weight: 2, arbitrary: fc.oneof(...mesh.ends.map(({ number }) => spread(number))) },
    { weight: 1, arbitrary: fc.constant("10.96.0.1") },
    { weight: 2, arbitrary: fc.constantFrom(...own) },
  );
  const router = fc.constantFrom(...names);
  const program: fc.Arbitrary<Head> = fc.record({ host: router, dst: flowDestination });
  return {
    family: 4,
    arrival: fc.oneof(...arrivals),
    oddArrival: fc.oneof(...anywhere),
    sent: fc.oneof(
      program,
      fc.record({ host: router, dst: flowDestination, mark }),
      fc.record({ host: fc.constantFrom(...mesh.ends.map(({ name }) => name)), dst: flowDestination }),
      fc.oneof(
        ...names.map((name) =>
          fc.record({
            host: fc.constant(name),
            src: fc.constantFrom(...addressesOf(mesh, name)),
            dst: flowDestination,
          }),
        ),
      ),
    ),
    flowSent: program,
    destination: fc.oneof(
      { weight: 6, arbitrary: flowDestination },
      { weight: 1, arbitrary: fc.constantFrom("10.66.0.1", "10.1.1.255", "10.1.2.77", "127.0.0.1", "224.0.0.5") },
    ),
    flowDestination,
    errorArrival: fc.oneof(...arrivals),
    cousin: "10.1.1.2",
  };
}

export function meshHosts(mesh: Mesh): readonly FuzzedHost[] {
  return mesh.routers.map(({ name }) => ({ name, words: words(mesh, name) }));
}

/** Two to four routers in a row or a ring, with ways that differ there and back, loops and dead ends. */
export const mesh: WorldKind = worldKind({
  name: "mesh",
  families: [4],
  schema: meshSchema,
  worlds: meshWorlds(sysctlsOf),
  lab: meshLab,
  mute: ({ ends }) => ends.map(({ name }) => name),
  fuzzed: meshHosts,
  sequences: (world) => sequencesOf(meshTraffic(world)),
  conntrack: true,
});

import fc from "fast-check";

/** One host's routing state in the words of `ip`: each line may be refused, and then is not there. */
export interface RoutingWorld {
  /** `address-and-options dev NAME`, arguments of `ip addr add`. */
  readonly addresses: readonly string[];
  /** Arguments of `ip nexthop add`. */
  readonly nextHops: readonly string[];
  /** Arguments of `ip route append`. */
  readonly routes: readonly string[];
  /** Arguments of `ip rule add`. */
  readonly rules: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** Devices that are set down in the end. */
  readonly down: readonly string[];
}

/** Ethernet devices of the host; the last one has no carrier. */
export const DEVICES = ["e0", "e1", "e2", "e3"] as const;

const device = fc.constantFrom(...DEVICES);
const anyDevice = fc.constantFrom(...DEVICES, "e0", "e1", "lo");

const address = fc
  .tuple(
    device,
    fc.constantFrom(
      "10.0.N.1/24 brd +",
      "10.0.N.1/24",
      "10.0.N.7/24",
      "10.0.N.9/25",
      "10.0.N.130/25 brd +",
      "10.1.N.0/31",
      "10.1.N.4/30",
      "10.2.N.5/32",
      "10.3.N.1 peer 10.3.N.2/32",
      "10.3.N.1 peer 10.4.N.2/24",
      "172.16.N.1/16 scope link",
      "10.5.N.1/24 scope host",
      "10.6.N.1/24 noprefixroute",
      "10.0.0.3/8",
      "0.1.2.3/8",
      "127.0.5.N/16",
    ),
  )
  .map(([name, text]) => `${text.replaceAll("N", name.slice(1))} dev ${name}`);

const loopback = fc.constantFrom("10.9.9.9/32 dev lo", "10.40.0.1/16 dev lo", "127.0.0.53/32 dev lo");

const prefix = fc.constantFrom(
  "default",
  "default",
  "default",
  "default",
  "10.0.0.0/8",
  "10.0.1.0/24",
  "10.0.1.128/25",
  "10.0.1.200/32",
  "10.7.0.0/16",
  "10.7.0.0/16",
  "10.7.1.0/24",
  "10.7.1.1/32",
  "127.5.0.0/16",
  "10.40.7.0/24",
  "10.9.9.9/32",
  "192.0.2.0/24",
  "192.0.2.0/24",
);
const hop = fc.constantFrom(
  "via 10.0.0.2",
  "via 10.0.1.2",
  "via 10.0.1.200",
  "via 10.0.2.2",
  "via 10.0.3.2",
  "via 10.1.0.1 dev e0",
  "via 10.3.1.2 dev e1",
  "via 10.99.0.1 dev e0 onlink",
  "via 10.99.0.1 dev e2 onlink",
  "dev e0",
  "dev e1",
  "dev e2",
  "dev e3",
  "dev lo",
);
const table = fc.constantFrom("", "", "", " table 100", " table 100", " table 101", " table local", " table default");
const extra = fc.tuple(
  fc.constantFrom("", "", "", " tos 0x10", " tos 0x08", " tos 0x20"),
  fc.constantFrom("", "", " metric 10", " metric 20"),
  fc.constantFrom("", "", "", "", " src 10.0.0.1", " src 10.0.1.7", " src 10.9.9.9"),
  fc.constantFrom("", "", "", " scope link", " scope site"),
);
const refusing = fc.constantFrom("blackhole", "unreachable", "prohibit", "throw");

const route = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(prefix, hop, table, extra)
      .map(([to, way, where, more]) => `${to} ${way}${where}${more.join("")}`),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        prefix,
        fc.array(fc.tuple(hop, fc.constantFrom("", " weight 2", " weight 5")), { minLength: 2, maxLength: 4 }),
        table,
        extra,
      )
      .map(
        ([to, ways, where, [tos, metric, src]]) =>
          `${to}${where}${tos}${metric}${src} ${ways.map(([way, weight]) => `nexthop ${way}${weight}`).join(" ")}`,
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(refusing, prefix, table, extra)
      .map(([type, to, where, [tos, metric]]) => `${type} ${to}${where}${tos}${metric}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("local", "broadcast"), prefix, anyDevice, table)
      .map(([type, to, name, where]) => `${type} ${to} dev ${name}${where}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(prefix, fc.constantFrom(1, 2, 3, 10, 11, 12), table)
      .map(([to, id, where]) => `${to} nhid ${id}${where}`),
  },
);

const NEXT_HOPS: readonly string[] = [
  "id 1 via 10.0.0.2 dev e0",
  "id 2 via 10.0.1.2 dev e1",
  "id 3 dev e2",
  "id 10 group 1,3/2,1",
  "id 11 group 1/2",
  "id 12 blackhole",
];

const selector = fc.constantFrom(
  "from all",
  "from 10.0.0.0/24",
  "from 10.0.1.7",
  "from 10.9.9.9",
  "from 0.0.0.0/8",
  "from all to 10.7.0.0/16",
  "from all to 192.0.2.0/24",
  "iif lo",
  "iif e0",
  "iif e1",
  "iif gone",
  "oif e1",
  "oif lo",
  "fwmark 1",
  "fwmark 0x10/0xf0",
  "fwmark 0/1",
  "tos 0x10",
  "tos 0x08",
  "ipproto tcp",
  "ipproto udp dport 53",
  "ipproto tcp sport 1000-2000",
  "sport 1500",
  "dport 50-60",
  "uidrange 0-0",
  "uidrange 1000-2000",
  "tun_id 7",
  "from 10.0.0.0/24 fwmark 1 iif e0",
);
const action = fc.constantFrom(
  "lookup 100",
  "lookup 100",
  "lookup 101",
  "lookup main",
  "lookup main suppress_prefixlength 0",
  "lookup main suppress_prefixlength 16",
  "lookup 100 suppress_prefixlength 23",
  "lookup main suppress_ifgroup 9",
  "lookup local",
  "lookup 77",
  "goto 200",
  "goto 300",
  "goto 32766",
  "goto 250",
  "nop",
  "blackhole",
  "unreachable",
  "prohibit",
  "lookup 100 realms 3",
);
const rule = fc
  .tuple(fc.constantFrom(0, 100, 100, 150, 200, 300, 300, 32766, 32768), fc.boolean(), fc.boolean(), selector, action)
  .map(([pref, not, again, what, how]) => `${not && again ? "not " : ""}${what} ${how} pref ${pref}`);

const perDevice = (name: string, values: readonly string[]): fc.Arbitrary<readonly (readonly [string, string])[]> =>
  fc
    .array(fc.tuple(fc.constantFrom("all", ...DEVICES), fc.constantFrom(...values)), { maxLength: 3 })
    .map((list) => list.map(([where, value]) => [`net.ipv4.conf.${where}.${name}`, value] as const));

/** Written first, so that the values are known whatever the machine's first namespace has. */
export const KNOWN_SYSCTLS: Readonly<Record<string, string>> = Object.fromEntries(
  ["all", "lo", ...DEVICES].flatMap((where) =>
    (
      [
        ["rp_filter", "0"],
        ["accept_local", "0"],
        ["route_localnet", "0"],
        ["send_redirects", "1"],
        ["shared_media", "1"],
        ["bc_forwarding", "0"],
        ["src_valid_mark", "0"],
        ["ignore_routes_with_linkdown", "0"],
        ["promote_secondaries", "0"],
      ] as const
    ).map(([name, value]) => [`net.ipv4.conf.${where}.${name}`, value]),
  ),
);

const sysctls = fc
  .tuple(
    fc.constantFrom("0", "1", "1", "1"),
    perDevice("forwarding", ["0", "1"]),
    perDevice("rp_filter", ["0", "1", "2"]),
    perDevice("accept_local", ["0", "1"]),
    perDevice("route_localnet", ["0", "1"]),
    perDevice("bc_forwarding", ["0", "1"]),
    perDevice("src_valid_mark", ["0", "1"]),
    perDevice("ignore_routes_with_linkdown", ["0", "1"]),
    perDevice("promote_secondaries", ["0", "1"]),
    fc.constantFrom("0", "1", "2", "3"),
    fc.constantFrom("0", "0", "1"),
  )
  .map(([ipForward, forwarding, ...rest]) => {
    const policy = rest.at(-2);
    const neighbours = rest.at(-1);
    const lists = rest.slice(0, -2).flat() as (readonly [string, string])[];
    return {
      "net.ipv4.ip_forward": ipForward,
      ...KNOWN_SYSCTLS,
      ...Object.fromEntries(["all", "lo", ...DEVICES].map((where) => [`net.ipv4.conf.${where}.forwarding`, ipForward])),
      ...Object.fromEntries(forwarding.filter(([key]) => !key.includes(".all."))),
      ...Object.fromEntries(lists),
      "net.ipv4.fib_multipath_hash_policy": String(policy),
      "net.ipv4.fib_multipath_use_neigh": String(neighbours),
    };
  });

export const routingWorld: fc.Arbitrary<RoutingWorld> = fc.record({
  addresses: fc
    .tuple(fc.array(address, { minLength: 2, maxLength: 9 }), fc.array(loopback, { maxLength: 2 }))
    .map(([own, more]) => ["10.0.0.1/24 brd + dev e0", "10.0.1.1/24 brd + dev e1", ...own, ...more]),
  nextHops: fc.constantFrom([], NEXT_HOPS),
  routes: fc.array(route, { maxLength: 14 }),
  rules: fc.oneof(fc.constant<string[]>([]), fc.array(rule, { maxLength: 7 })),
  sysctls,
  down: fc.constantFrom<string[]>([], [], ["e1"], ["e2"]),
});

/** A question about a route; `iif` makes it one about an arriving packet. */
export interface LookUpKey {
  readonly to: string;
  readonly from?: string;
  readonly iif?: string;
  readonly oif?: string;
  readonly mark?: number;
  readonly tos?: number;
  readonly uid?: number;
  readonly proto: number;
  readonly sport?: number;
  readonly dport?: number;
}

const anyAddress = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      "10.0.0.1",
      "10.0.0.2",
      "10.0.0.255",
      "10.0.0.0",
      "10.0.1.7",
      "10.0.1.9",
      "10.0.1.55",
      "10.0.1.200",
      "10.0.1.255",
      "10.0.2.1",
      "10.0.2.77",
      "10.0.3.1",
      "10.0.3.44",
      "10.1.0.0",
      "10.1.0.1",
      "10.1.1.7",
      "10.2.1.5",
      "10.3.1.1",
      "10.3.1.2",
      "10.4.1.9",
      "10.4.1.255",
      "10.5.0.1",
      "10.6.0.1",
      "10.6.0.9",
      "10.7.0.1",
      "10.7.1.1",
      "10.7.1.2",
      "10.9.9.9",
      "10.40.0.1",
      "10.40.7.7",
      "10.255.255.255",
      "172.16.0.1",
      "172.16.9.9",
      "192.0.2.1",
      "192.0.2.77",
      "198.51.100.1",
      "127.0.0.1",
      "127.0.0.53",
      "127.5.1.1",
      "127.0.5.1",
      "127.255.255.255",
      "0.1.2.3",
      "0.9.9.9",
      "0.0.0.0",
      "255.255.255.255",
      "224.0.0.1",
      "239.1.2.3",
    ),
  },
  { weight: 1, arbitrary: fc.nat(0xffff).map((n) => `10.0.${(n >> 8) & 3}.${n & 255}`) },
);

const optional = <T>(weight: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight, arbitrary: value }, { weight: 2, arbitrary: fc.constant(undefined) });

/** Sources that a socket may well be bound to. */
const likelyOwn = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("10.0.0.1", "10.0.0.1", "10.0.1.1", "10.0.1.1", "10.0.1.7", "10.9.9.9", "127.0.0.1"),
  },
  { weight: 1, arbitrary: anyAddress },
);

const way = fc.oneof(
  { weight: 3, arbitrary: fc.record({ from: optional(2, likelyOwn) }) },
  { weight: 3, arbitrary: fc.record({ iif: device, from: optional(9, anyAddress) }) },
  { weight: 1, arbitrary: fc.record({ oif: anyDevice, from: optional(2, likelyOwn) }) },
);

export const lookUpKey: fc.Arbitrary<LookUpKey> = fc
  .record({
    to: anyAddress,
    way,
    mark: optional(1, fc.constantFrom(1, 0x11, 0x10, 0x1f)),
    tos: optional(1, fc.constantFrom(0x10, 0x08, 0x20, 0x30, 0xfc)),
    uid: optional(1, fc.constantFrom(0, 1000, 2000, 2001)),
    proto: fc.constantFrom(6, 17, 1),
    sport: fc.constantFrom(1000, 1500, 2001, 40000),
    dport: fc.constantFrom(53, 80, 50, 60, 1500),
  })
  .map(({ way: how, proto, sport, dport, ...rest }) => {
    const given = { ...rest, ...how, ...(proto === 1 ? {} : { sport, dport }) };
    const kept = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return { to: rest.to, ...kept, proto };
  });

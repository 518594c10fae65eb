import fc from "fast-check";
import { routeLine } from "./route-line.ts";
import type { FuzzRoutes } from "./routes.ts";

/** Link-local gateways too: only about those are redirects sent. */
const way = fc.constantFrom(
  "via fd00:b::2",
  "via fd00:c::2",
  "via fd00:a::2",
  "via fe80::b dev out0",
  "via fe80::a dev in0",
  "dev out0",
  "dev out1",
  "via fd00:b::2 src fd00:c::1",
  "dev out0 mtu 1290",
  "dev out0 mtu lock 1290",
  "anycast dev out0",
  "anycast via fd00:b::2",
);
const target = fc.constantFrom(
  "fd00:9::/32",
  "fd00:9::/64",
  "fd00:8::/32",
  "fd00:50::/32",
  "fd00:96::/64",
  "fd00:77::/32",
  "fd00:b::10/124",
  "fd00:c::2/128",
);
const dead = fc.constantFrom("blackhole", "unreachable", "prohibit", "throw");
/** Of two routes to one prefix the lesser metric wins; 1024 is what a route without one has. */
const metric = fc.constantFrom("", "", "", " metric 100", " metric 2000");

interface Written {
  readonly to: string;
  readonly how: string;
  readonly metric: string;
}

function line({ to, how, metric: cost }: Written, table?: string): string {
  return `-6 ${routeLine(to, how, table)}${cost}`;
}

const written = (how: fc.Arbitrary<string>): fc.Arbitrary<Written> => fc.record({ to: target, how, metric });

/** The kernel takes no second route of one prefix and metric, unless as a further way of the first. */
const distinct = ({ to, metric: cost }: Written): string => to + cost;

const routes = fc
  .tuple(
    fc.uniqueArray(written(fc.oneof({ weight: 5, arbitrary: way }, { weight: 1, arbitrary: dead })), {
      maxLength: 4,
      selector: distinct,
    }),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<string[]>([]) },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          ["-6 default via fd00:c::2"],
          ["-6 default via fd00:b::2"],
          ["-6 default via fe80::b dev out0"],
          ["-6 default via fe80::a dev in0"],
          ["-6 unreachable default metric 4096"],
        ),
      },
    ),
    fc.uniqueArray(written(fc.oneof(way, way, dead)), { maxLength: 3, selector: distinct }),
    fc.constantFrom<string>("via fd00:c::2", "via fd00:b::2", "throw", "blackhole", "none"),
  )
  .map(([main, fallback, other, otherDefault]) => [
    "-6 blackhole fd00:1::/64",
    "-6 unreachable fd00:1:1::/64",
    "-6 prohibit fd00:1:2::/64",
    "-6 throw fd00:1:3::/64",
    ...main.map((item) => line(item)),
    ...fallback,
    ...other.map((item) => line(item, "100")),
    ...(otherDefault === "none" ? [] : [line({ to: "default", how: otherDefault, metric: "" }, "100")]),
  ]);

const selector = fc.constantFrom(
  "fwmark 1",
  "fwmark 7",
  "fwmark 0x10/0x10",
  "not fwmark 0/0xff",
  "from fd00:a::10/124",
  "from fd00:b::/64",
  "to fd00:9::/32",
  "to fd00:b::18/125",
  "iif in0",
  "iif lo",
  "oif out0",
  "oif in0",
  "uidrange 1000-1999",
  "uidrange 0-0",
  "tos 0x10",
  "from fd00:a::1",
  "iif in0 ipproto tcp dport 80",
  "iif in0 ipproto udp",
  "iif out0 sport 80",
);
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "table 100",
      "table 100",
      "table 254",
      "table 254 suppress_prefixlength 0",
      "goto 32766",
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom("blackhole", "unreachable", "prohibit") },
);

const rules = fc
  .uniqueArray(fc.tuple(selector, action), { maxLength: 3, selector: ([text]) => text })
  .map((list) =>
    list.map(
      ([text, what], index) =>
        `-6 ${text.startsWith("not ") ? `not from all ${text.slice(4)}` : text} pref ${100 + index * 10} ${what}`,
    ),
  );

/**
 * No routes of several ways: the oracle asks for the source of a packet without one before the packet has ports, so that the
 * kernel may take another way for the question than for the packet.
 *
 * Arguments of `ip -6 route add` and `ip -6 rule add` for the IPv6 router. */
export const routes6Arbitrary: fc.Arbitrary<FuzzRoutes> = fc
  .oneof(
    { weight: 3, arbitrary: fc.tuple(routes, fc.constant<string[]>([])) },
    { weight: 4, arbitrary: fc.tuple(routes, rules) },
  )
  .map(([list, policy]) => ({ routes: list, rules: policy }));

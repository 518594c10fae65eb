import fc from "fast-check";
import { routeLine } from "./route-line.ts";

/** Arguments of `ip route add` and `ip rule add` for the router. */
export interface FuzzRoutes {
  readonly routes: readonly string[];
  readonly rules: readonly string[];
}

const way = fc.constantFrom(
  "via 10.0.1.2",
  "via 10.0.2.2",
  "via 10.0.0.2",
  "dev out0",
  "dev out1",
  "via 10.0.1.2 src 10.0.2.1",
  "nexthop via 10.0.1.2 weight 1 nexthop via 10.0.2.2 weight 3",
  "anycast dev out0",
);
const target = fc.constantFrom(
  "10.9.0.0/16",
  "10.9.1.0/24",
  "10.8.0.0/16",
  "10.50.0.0/16",
  "10.96.0.0/24",
  "10.77.0.0/16",
  "10.0.1.128/25",
  "10.0.2.2/32",
);
const dead = fc.constantFrom("blackhole", "unreachable", "prohibit", "throw");

const routes = fc
  .tuple(
    fc.uniqueArray(fc.tuple(target, fc.oneof({ weight: 5, arbitrary: way }, { weight: 1, arbitrary: dead })), {
      maxLength: 4,
      selector: ([to]) => to,
    }),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<string[]>([]) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          ["default via 10.0.2.2"],
          ["default via 10.0.1.2"],
          ["default via 10.0.0.2"],
          ["unreachable default metric 1000"],
        ),
      },
    ),
    fc.uniqueArray(fc.tuple(target, fc.oneof(way, way, dead)), { maxLength: 3, selector: ([to]) => to }),
    fc.constantFrom<string>("via 10.0.2.2", "via 10.0.1.2", "throw", "blackhole", "none"),
  )
  .map(([main, fallback, other, otherDefault]) => [
    "blackhole 10.1.0.0/24",
    "unreachable 10.1.1.0/24",
    "prohibit 10.1.2.0/24",
    "throw 10.1.3.0/24",
    ...main.map(([to, how]) => routeLine(to, how)),
    ...fallback,
    ...other.map(([to, how]) => routeLine(to, how, "100")),
    ...(otherDefault === "none" ? [] : [routeLine("default", otherDefault, "100")]),
  ]);

const selector = fc.constantFrom(
  "fwmark 1",
  "fwmark 7",
  "fwmark 0x10/0x10",
  "not fwmark 0/0xff",
  "from 10.0.0.192/26",
  "from 10.0.1.0/24",
  "to 10.9.0.0/16",
  "to 10.0.1.192/26",
  "iif in0",
  "iif lo",
  "oif out0",
  "oif in0",
  "uidrange 1000-1999",
  "uidrange 0-0",
  "tos 0x10",
  "from 10.0.0.1",
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
        `${text.startsWith("not ") ? `not from all ${text.slice(4)}` : text} pref ${100 + index * 10} ${what}`,
    ),
  );

export const routesArbitrary: fc.Arbitrary<FuzzRoutes> = fc
  .oneof(
    { weight: 3, arbitrary: fc.tuple(routes, fc.constant<string[]>([])) },
    { weight: 4, arbitrary: fc.tuple(routes, rules) },
  )
  .map(([list, policy]) => ({ routes: list, rules: policy }));

import fc from "fast-check";
import {
  alias,
  foreign,
  type Name,
  NOBODY,
  type Place,
  primary,
  SEGMENTS,
  type Segment,
  SUBNET,
} from "./shared-links.ts";

type Way = "primary" | "primary dev" | "alias" | "foreign";

const way: fc.Arbitrary<Way> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Way>("primary") },
  { weight: 3, arbitrary: fc.constant<Way>("primary dev") },
  { weight: 1, arbitrary: fc.constantFrom<Way>("alias", "foreign") },
);

function over(segment: Segment, to: Name, how: Way): string {
  switch (how) {
    case "primary":
      return `via ${primary(segment, to)}`;
    case "primary dev":
      return `via ${primary(segment, to)} dev ${segment}`;
    case "alias":
      return `via ${alias(segment, to)} dev ${segment} onlink`;
    case "foreign":
      return `via ${foreign(segment, to)} dev ${segment} onlink`;
  }
}

/** Over whom a machine may send: mostly a router behind it in the row, so that few packets go round. */
function gateways(place: Place, all: readonly Place[], towards: Segment): fc.Arbitrary<string> {
  const position = all.indexOf(place);
  const others = all.flatMap((other, index) =>
    other === place
      ? []
      : other.segments
          .filter((segment) => place.segments.includes(segment))
          .map((segment) => ({ ...other, segment, isOnward: towards === "far" ? index > position : index < position })),
  );
  const chosen = (list: typeof others): fc.Arbitrary<string> =>
    fc.tuple(fc.constantFrom(...list), way).map(([{ name, segment }, how]) => over(segment, name, how));
  const onward = others.filter(({ isOnward, name }) => isOnward && name !== "A" && name !== "B");
  const end = others.filter(({ name, segment }) => segment === towards && name === (towards === "far" ? "B" : "A"));
  const lost = fc.constantFrom(...place.segments.map((segment) => `via ${NOBODY[segment]} dev ${segment} onlink`));
  const nearest = onward.slice(0, 1);
  const weighted = [
    ...(onward.length > 0 ? [{ weight: 16, arbitrary: chosen([...onward, ...nearest, ...nearest]) }] : []),
    ...(end.length > 0 ? [{ weight: 6, arbitrary: chosen(end) }] : []),
    ...(others.length > 0 ? [{ weight: 1, arbitrary: chosen(others) }] : []),
    { weight: 1, arbitrary: lost },
  ];
  return fc.oneof(...weighted);
}

const BEHIND: Readonly<Record<Segment, readonly string[]>> = {
  lan: ["10.1.0.0/16", "10.1.1.0/24"],
  far: ["10.2.0.0/16", "10.2.1.0/24", "10.2.1.7/32"],
};

/** None, or one. */
export const seldom = <T>(arbitrary: fc.Arbitrary<T>, weight = 2): fc.Arbitrary<readonly T[]> =>
  fc.oneof(
    { weight, arbitrary: fc.constant<readonly T[]>([]) },
    { weight: 1, arbitrary: arbitrary.map((item) => [item]) },
  );

/** A way to everything behind either link, now and then to parts of it, in a table of its own too. */
export function routesOf(place: Place, all: readonly Place[]): fc.Arbitrary<readonly string[]> {
  const { name, segments } = place;
  const isEnd = name === "A" || name === "B";
  const plain: fc.Arbitrary<string> = fc.constantFrom("", "", "", "", "", " mtu 1400", " metric 10");
  const other: fc.Arbitrary<string> = fc.constantFrom("", " table 100", " table 100");
  const one = (prefix: string, towards: Segment, options = plain): fc.Arbitrary<string> =>
    fc.tuple(gateways(place, all, towards), options).map(([to, more]) => `${prefix} ${to}${more}`);
  const refused = fc
    .tuple(
      fc.constantFrom("blackhole", "unreachable", "prohibit", "throw"),
      fc.constantFrom("10.2.1.32/27", "10.66.0.0/16"),
    )
    .map(([kind, prefix]) => `${kind} ${prefix}`);
  const ways = SEGMENTS.flatMap((towards) => {
    const [whole = "", ...parts] = BEHIND[towards];
    const isOwn = (name === "A" && towards === "lan") || (name === "B" && towards === "far");
    if (isOwn) return [];
    const subnet = segments.includes(towards) ? [] : [`${SUBNET[towards]}.0/24`];
    const [near = [], rare = []] = isEnd ? [[], [whole, ...subnet, ...parts]] : [[whole, ...subnet], parts];
    return [
      ...near.map((prefix) => one(prefix, towards).map((text): readonly string[] => [text])),
      ...rare.map((prefix) => seldom(one(prefix, towards, other), 3)),
    ];
  });
  const far = segments.includes("far") && name !== "B" ? "lan" : "far";
  const fallback = one("default", name === "B" ? "lan" : far);
  const own = name === "A" ? ["local 10.1.0.0/16 dev lo"] : name === "B" ? ["local 10.2.0.0/16 dev lo"] : [];
  return fc
    .tuple(fc.tuple(...ways), isEnd ? fallback.map((text) => [text]) : seldom(fallback), seldom(refused, 9))
    .map(([lists, last, more]) => [...own, ...lists.flat(), ...last, ...more]);
}

/** Policy rules, by what packets and marks there are. */
export function rulesOf({ segments }: Place): fc.Arbitrary<readonly string[]> {
  const selector = fc.oneof(
    fc.constantFrom("fwmark 1", "fwmark 7", "tos 0x10", "iif lo", "to 10.2.0.0/16", "to 10.2.1.0/24", "to 10.1.0.0/16"),
    fc.constantFrom("from 10.0.0.128/25", "from 10.1.0.0/16", "ipproto udp", "ipproto icmp"),
    fc.constantFrom(...segments).map((device) => `iif ${device}`),
  );
  const action = fc.constantFrom(
    "table 100",
    "table 100",
    "table 100",
    "table 254 suppress_prefixlength 0",
    "blackhole",
  );
  return fc
    .uniqueArray(fc.tuple(selector, action), { maxLength: 2, selector: ([text]) => text })
    .map((list) => list.map(([text, what], index) => `${text} pref ${100 + index * 10} ${what}`));
}

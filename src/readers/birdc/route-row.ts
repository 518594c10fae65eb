import type { BirdNextHop, BirdRoute } from "../../model/evidence.ts";
import type { Origin } from "../../model/origin.ts";
import { parseAddress } from "../../net/address.ts";
import { type Prefix, parsePrefix } from "../../net/prefix.ts";

/** `[prefix] target [protocol since from X] * (preference/metric) [path]`; further paths of a prefix leave it out. */
const ROW =
  /^(?:([\da-fA-F.:]+\/\d+)| ) *(via .+|dev \S+|unicast|multipath|blackhole|unreachable|prohibited) \[(\S+) ([^\]]*)\]( [*!])? \((\d+)[-s]*(?:\/([^)]*))?\)(?: \[([^\]]*)\])?$/;

/** A route with room for what stands in the lines under its row. */
export interface OpenRoute extends BirdRoute {
  readonly nextHops: BirdNextHop[];
  readonly attributes: Map<string, string>;
}

/** A row of `birdc show route`; null for another line. `before` is the prefix of the row above. */
export function readRouteRow(
  line: string,
  before: Prefix | null,
  table: string | null,
  origin: Origin,
): OpenRoute | null {
  const row = ROW.exec(line);
  if (row === null) return null;
  const [, written, target = "", protocol = "", times = "", mark, preference = "", metric, path] = row;
  const destination = written === undefined ? before : parsePrefix(written);
  if (destination === null) return null;
  const [since = "", from] = times.split(/ ?from /);
  const hop = readNextHop(target);
  return {
    table,
    destination,
    type: target === "blackhole" || target === "unreachable" || target === "prohibited" ? target : "unicast",
    nextHops: hop === null ? [] : [hop],
    protocol,
    since,
    from: from === undefined ? null : parseAddress(from.replace(/%.*$/, "")),
    primary: mark !== undefined,
    syncError: mark === " !",
    preference: Number(preference),
    igpMetric: metricOf(metric),
    path: path ?? null,
    attributes: new Map(),
    origin,
  };
}

function metricOf(text: string | undefined): BirdRoute["igpMetric"] {
  if (text === undefined) return null;
  if (text === "-") return "unresolved";
  return /^\d+$/.test(text) ? Number(text) : "unknown";
}

/** `via A on I [weight N]`, `dev I [weight N]`: in the row itself (BIRD 1.6), or under it. */
export function readNextHop(text: string): BirdNextHop | null {
  const hop = /^ *(?:via (\S+) on (\S+)|dev (\S+))(?: mpls [\d/]+)?(?: onlink)?(?: weight (\d+))?$/.exec(text);
  if (hop === null) return null;
  const via = hop[1] === undefined ? null : parseAddress(hop[1]);
  return { via, interface: hop[2] ?? hop[3] ?? null, weight: Number(hop[4] ?? 1) };
}

/** A line of `show route all` under its route: `BGP.next_hop: 10.0.0.2`. */
export function readRouteAttribute(line: string): readonly [string, string] | null {
  const attribute = /^ +([A-Za-z][\w.]*(?: \[\w+\])?): ?(.*)$/.exec(line);
  return attribute === null ? null : [attribute[1] ?? "", (attribute[2] ?? "").trim()];
}

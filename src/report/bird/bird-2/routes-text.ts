import { lastAs } from "../../../bgp/rib/as-path.ts";
import { isStale } from "../../../bgp/rib/better.ts";
import { suppressedRoutes } from "../../../bgp/rib/deterministic-med.ts";
import { isResolvable, type RibRoute } from "../../../bgp/rib/route.ts";
import { lookUpRoute, netsOf, type RibNet } from "../../../bgp/rib/table.ts";
import { inOrderOfBird2 } from "../../../bgp/rib/table-order.ts";
import { refusedByKernel } from "../../../bgp/speaker/kernel.ts";
import type { Speaker } from "../../../bgp/speaker/speaker.ts";
import { formatAddress, sameAddress } from "../../../net/address.ts";
import { formatPrefix, samePrefix } from "../../../net/prefix.ts";
import type { BirdClock } from "../clock.ts";
import { bgpAttributes, type RoutesQuestion } from "../routes-text.ts";

/** What `birdc show route` prints: of each table what is asked of it (nest/rt-show.c of BIRD 2.0.12). */
export function routesText(halves: readonly Speaker[], clock: BirdClock, question: RoutesQuestion): string {
  const { protocol } = question;
  const names = halves.flatMap(({ protocols }) => protocols.map(({ configuration }) => configuration.name));
  if (protocol !== null && !names.includes(protocol)) return `${protocol} is not a protocol\n`;
  const blocks: string[] = [];
  let found = 0;
  for (const half of halves) {
    const nets = netsAsked(half, question);
    found += nets.length;
    const lines = linesOf(half, nets, clock, question);
    if (lines.length > 0) blocks.push([`Table master${half.configuration.family}:`, ...lines].join("\n"));
  }
  if (found === 0 && (question.for !== null || question.net !== undefined)) return "Network not found\n";
  return blocks.length === 0 ? "" : `${blocks.join("\n\n")}\n`;
}

function linesOf(half: Speaker, nets: readonly RibNet[], clock: BirdClock, question: RoutesQuestion): string[] {
  const refused = half.kernels.map((item) => refusedByKernel(half, item));
  const lines: string[] = [];
  for (const net of nets) {
    let first = true;
    for (const route of net.routes) {
      if (question.protocol !== null && route.owner.name !== question.protocol) {
        if (question.primary === true) break;
        continue;
      }
      const mark = route !== net.routes[0] ? "" : refused.some((numbers) => numbers.has(net.number)) ? " !" : " *";
      const prefix = first ? formatPrefix(route.prefix) : "";
      lines.push(row(half, route, net, clock, prefix, mark), ...hops(route));
      if (question.all) lines.push(...attributes(half, route));
      first = false;
      if (question.primary === true) break;
    }
  }
  return lines;
}

function netsAsked(half: Speaker, { for: wanted, net }: RoutesQuestion): readonly RibNet[] {
  const nets = [...netsOf(half.table)];
  if (net !== undefined) return nets.filter(({ prefix }) => samePrefix(prefix, net));
  if (wanted === null) return inOrderOfBird2(nets);
  if (wanted.family !== half.configuration.family) return [];
  const found = lookUpRoute(half.table, wanted);
  return nets.filter(({ routes }) => found !== null && routes[0] === found);
}

const TARGETS = { router: "unicast", device: "unicast", multipath: "unicast", prohibit: "prohibited" };

function row(half: Speaker, route: RibRoute, net: RibNet, clock: BirdClock, prefix: string, mark: string): string {
  const { target } = route;
  const way = target === "blackhole" || target === "unreachable" ? target : TARGETS[target];
  const gateway = isResolvable(route) ? (route.hops[0]?.gateway ?? null) : null;
  const isSame = route.from !== null && gateway !== null && sameAddress(route.from, gateway);
  const from = route.from === null || isSame ? "" : ` from ${formatAddress(route.from)}`;
  const since = clock(route.since, half.configuration.routeTimes);
  return `${prefix.padEnd(20)} ${way} [${route.owner.name} ${since}${from}]${mark}${info(route, net)}`;
}

/** bgp_get_route_info(), or the preference alone. */
function info(route: RibRoute, net: RibNet): string {
  if (route.source !== "bgp") return ` (${route.preference})`;
  const marks = `${suppressedRoutes(net.routes).has(route) ? "-" : ""}${isStale(route) ? "s" : ""}`;
  const as = lastAs(route.attributes?.asPath ?? []);
  const origin = "ie?"[route.attributes?.origin ?? 2] ?? "?";
  return ` (${route.preference}${marks}${metric(route)}) [${as === null ? "" : `AS${as}`}${origin}]`;
}

/** Of the way to the next hop, where it was looked up; none where that is on a link. */
function metric(route: RibRoute): string {
  if (!route.recursive || route.igpMetric === 0) return "";
  return isResolvable(route) ? `/${route.igpMetric ?? "?"}` : "/-";
}

function hops(route: RibRoute): readonly string[] {
  if (!isResolvable(route)) return [];
  return route.hops.map(({ gateway, interface: device, weight }) => {
    const share = route.hops.length > 1 ? ` weight ${weight}` : "";
    return gateway === null
      ? `\tdev ${device ?? "?"}${share}`
      : `\tvia ${formatAddress(gateway)} on ${device ?? "?"}${share}`;
  });
}

const SOURCES = { static: "static", "static-device": "static", device: "device", inherit: "inherit", bgp: "BGP" };

/** RT_SCOPE_LINK, which only IPv4 has. */
const SCOPE_LINK = 253;

/** rta_show() of nest/rt-attr.c. */
function attributes({ configuration: { family } }: Speaker, route: RibRoute): readonly string[] {
  const { kernel } = route;
  const lines = [`\tType: ${SOURCES[route.source]} univ`];
  if (route.attributes !== null) lines.push(...bgpAttributes(route.attributes));
  if (kernel.source !== null) lines.push(`\tKernel.source: ${kernel.source}`);
  if (kernel.metric !== null) lines.push(`\tKernel.metric: ${kernel.metric}`);
  const scope = kernel.scope ?? (kernel.source !== null && route.target === "device" ? SCOPE_LINK : 0);
  if (scope !== 0 && family === 4) lines.push(`\tKernel.scope: ${scope}`);
  if (kernel.preferredSource !== null) lines.push(`\tKernel.prefsrc: ${formatAddress(kernel.preferredSource)}`);
  return lines;
}

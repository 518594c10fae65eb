import { splitPorts } from "./felix/port-lists.ts";
import type { CalicoRule, EntityRule } from "./network-policy.ts";

/** What needs a block of rules of its own: ports beyond one match, or several networks of one family. */
function blocks(side: EntityRule): { readonly ports: number; readonly nets: number } {
  const ranges = side.ports.flatMap((port) => (port.kind === "range" ? [port] : []));
  const alternatives = splitPorts(ranges).length + (side.ports.length - ranges.length);
  const ofIPv6 = side.nets.filter((net) => net.includes(":")).length;
  const most = Math.max(ofIPv6, side.nets.length - ofIPv6);
  return { ports: alternatives > 1 ? 1 : 0, nets: most > 1 ? 1 : 0 };
}

/** True for a rule of which Felix asks two lists of alternatives only (felix/match-blocks.ts says why). */
export function ignoresAlternatives({ source, destination }: CalicoRule): boolean {
  const [from, to] = [blocks(source), blocks(destination)];
  return from.ports + from.nets + to.ports + to.nets > 2;
}

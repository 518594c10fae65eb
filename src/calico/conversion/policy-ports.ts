import type { NetworkPolicyPort } from "../../kubernetes/network-policy.ts";
import type { PolicyPort } from "../network-policy.ts";

const HIGHEST_PORT = 65_535;

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= HIGHEST_PORT;
}

/**
 * What Calico makes of the text `port` or `port:endPort`; null for what it refuses
 * (api/pkg/lib/numorstring, PortFromString).
 */
export function parsePort(text: string): PolicyPort | null {
  const range = /^(\d+):(\d+)$/.exec(text);
  if (range !== null) {
    const [first, last] = [Number(range[1]), Number(range[2])];
    return isPort(first) && isPort(last) && first <= last ? { kind: "range", first, last } : null;
  }
  if (/^\d+$/.test(text))
    return isPort(Number(text)) ? { kind: "range", first: Number(text), last: Number(text) } : null;
  return /^[a-zA-Z0-9_.-]{1,128}$/.test(text) ? { kind: "named", name: text } : null;
}

/** Names first, then the numbers joined into as few ranges as there can be (conversion.go, SimplifyPorts). */
export function simplifyPorts(ports: readonly PolicyPort[]): readonly PolicyPort[] {
  const ranges = ports.filter((port) => port.kind === "range").sort((a, b) => a.first - b.first || a.last - b.last);
  const numbers = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (ports.length <= 1 || numbers <= 1) return ports;
  const joined: { kind: "range"; first: number; last: number }[] = [];
  for (const range of ranges) {
    const before = joined.at(-1);
    if (before === undefined || range.first > before.last + 1) joined.push({ ...range });
    else before.last = Math.max(before.last, range.last);
  }
  return [...ports.filter((port) => port.kind === "named"), ...joined];
}

/** The ports of a Kubernetes rule, by protocol in order; `""` for any protocol. Null when one of them is refused. */
export function portsByProtocol(
  ports: readonly NetworkPolicyPort[],
): ReadonlyMap<string, readonly PolicyPort[]> | { readonly refused: string } {
  if (ports.length === 0) return new Map([["", []]]);
  const everything = new Set<string>();
  const found = new Map<string, PolicyPort[]>();
  for (const { protocol, port, endPort } of ports) {
    const list = found.get(protocol) ?? [];
    found.set(protocol, list);
    if (port === null) everything.add(protocol);
    else {
      const written = endPort === null ? `${port}` : `${port}:${endPort}`;
      const parsed = parsePort(written);
      if (parsed === null) return { refused: written };
      list.push(parsed);
    }
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return new Map(
    sorted.map(([protocol, list]) => [protocol, everything.has(protocol) ? [] : simplifyPorts(list)] as const),
  );
}

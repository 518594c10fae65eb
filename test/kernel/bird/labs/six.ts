import type { Lab, LabEvent } from "./lab.ts";

/** The same lab in IPv6: each address of IPv4 becomes one that reads alike, and each prefix one that covers as much. */
export function inSix(lab: Lab): Lab {
  return {
    ...lab,
    name: `${lab.name}, IPv6`,
    family: 6,
    program: "bird6",
    nodes: lab.nodes.map((node) => ({
      ...node,
      interfaces: node.interfaces.map((port) => ({ ...port, address: sixOf(port.address) })),
      routes: node.routes.map(sixOf),
    })),
    asked: lab.asked.map(sixOf),
    stages: lab.stages.map((stage) => ({ ...stage, events: stage.events.flatMap((event) => eventInSix(event, lab)) })),
  };
}

function eventInSix(event: LabEvent, lab: Lab): readonly LabEvent[] {
  if (event.kind === "start") return [{ ...event, config: sixOf(event.config) }];
  if (event.kind !== "run") return [event];
  const [program = "", ...rest] = event.words.map((word) => REPLACED.get(word) ?? sixOf(word));
  const words = program === "ip" ? [program, "-6", ...rest] : [program, ...rest];
  const made = [{ ...event, words }];
  // Linux forgets the addresses of IPv6 when a link goes down.
  const ports = words.join(" ").endsWith(" up")
    ? (lab.nodes.find(({ name }) => name === event.node)?.interfaces ?? [])
    : [];
  const addresses = ports.map(({ name, address }) => ["ip", "addr", "add", sixOf(address), "dev", name]);
  return [...made, ...addresses.map((words): LabEvent => ({ kind: "run", node: event.node, words }))];
}

const REPLACED = new Map([
  ["iptables-nft", "ip6tables-nft"],
  ["icmp-host-prohibited", "icmp6-adm-prohibited"],
  ["icmp-net-unreachable", "icmp6-no-route"],
]);

/** Addresses of IPv4 in a text, but identifiers, which have four octets in IPv6 too. */
function sixOf(text: string): string {
  return text.replace(
    /(?<!id )\b(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+)(?:\{(\d+),(\d+)\})?)?/g,
    (_, a: string, b: string, c: string, d: string, length?: string, least?: string, most?: string) => {
      const prefix = length === undefined ? "" : `/${lengthOf(length)}`;
      const range = least === undefined || most === undefined ? "" : `{${lengthOf(least)},${lengthOf(most)}}`;
      return `fd00:${a}:${b}:${c}::${d}${prefix}${range}`;
    },
  );
}

/** An octet of IPv4 is a group of IPv6 here, the last one the last. */
function lengthOf(text: string): number {
  const length = Number(text);
  if (length > 24) return 96 + length;
  return 16 + 2 * length;
}

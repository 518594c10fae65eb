import type { PortRange } from "./policy-rule.ts";

/** The most that one multiport match takes; a range takes two. */
const SLOTS = 15;

/** `80,443,8000:8080`. */
export function formatPorts(ports: readonly PortRange[]): string {
  return ports.map(({ first, last }) => (first === last ? `${first}` : `${first}:${last}`)).join(",");
}

/** Ports in groups that fit one multiport match each; none for no ports (felix/rules/policy.go, SplitPortList). */
export function splitPorts(ports: readonly PortRange[]): readonly (readonly PortRange[])[] {
  const groups: PortRange[][] = [];
  let free = 0;
  for (const port of ports) {
    const slots = port.first === port.last ? 1 : 2;
    if (free < slots || groups.length === 0) {
      groups.push([]);
      free = SLOTS;
    }
    groups.at(-1)?.push(port);
    free -= slots;
  }
  return groups;
}

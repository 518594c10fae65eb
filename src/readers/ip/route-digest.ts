/** What a dump looks like whose lines stand for themselves: nothing that `dumpLines` would repair, no entry of several lines. */
const PLAIN = /^[\t\n\x20-\x25\x27-\x5b\x5d-\x7e]*$/;

/** A route to one address. */
const HOST_ROUTE = /^[ \t]*(?:unicast )?[\da-fA-F.:]+(?:\/32|\/128)?(?: .*)?$/gm;

const LOCAL_ROUTE = /^[ \t]*local .*$/gm;

/**
 * The lines of `ip route` that say who is joined to a machine and which addresses are its own: routes to single addresses,
 * routes of type local, and of those over gateways one for each that differ in more than their destination. A node with
 * five thousand routes has a hundred such lines. Null for a text that has to be read whole to tell.
 */
export function digestRoutes(text: string): string | null {
  if (!PLAIN.test(text) || text.includes("nexthop") || /^\s*[[{]/.test(text)) return null;
  // Of several routes to one address the last counts: they stand at the end, in their order.
  return [...gatewayRoutes(text), ...(text.match(LOCAL_ROUTE) ?? []), ...(text.match(HOST_ROUTE) ?? [])].join("\n");
}

function gatewayRoutes(text: string): readonly string[] {
  const lines = new Map<string, string>();
  for (let at = text.indexOf(" via "); at >= 0; at = text.indexOf(" via ", at)) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    const way = text.slice(at, end);
    if (!lines.has(way)) lines.set(way, text.slice(text.lastIndexOf("\n", at) + 1, end));
    at = end;
  }
  return [...lines.values()];
}

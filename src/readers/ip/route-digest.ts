/**
 * What makes a line not stand for itself: what `dumpLines` would repair, the backslash of entries on one line, and the brackets
 * that begin JSON, which prompts and omissions may stand above.
 */
const ODD = /[^\t\n\x20-\x25\x27-\x5a\x5d-\x7a\x7c-\x7e]/;

/** The flags and the number after them in a row of `route -n` or `netstat -rn`: one makes a table of the text. */
const TABLE_FLAGS = /[ \t][A-Z!acn]{1,9}[ \t]+[-\d]/;

/** A route to one address. */
const HOST_ROUTE = /^[ \t]*(?:unicast )?[\da-fA-F.:]+(?:\/32|\/128)?(?: .*)?$/;

const LOCAL_ROUTE = /^[ \t]*local .*$/;

/**
 * The lines of `ip route` that say who is joined to a machine and which addresses are its own: routes to single addresses,
 * routes of type local, and of those over gateways one for each that differ in more than their destination. A node with
 * five thousand routes has a hundred such lines. Null for a text that has to be read whole to tell.
 */
export function digestRoutes(text: string): string | null {
  if (ODD.test(text) || text.includes("nexthop") || TABLE_FLAGS.test(text)) return null;
  const ways = new Map<string, string>();
  const local: string[] = [];
  const hosts: string[] = [];
  let via = positionOf(" via ", text, 0);
  let slash = positionOf("/", text, 0);
  for (let start = 0; start < text.length; ) {
    const end = positionOf("\n", text, start);
    if (via < start) via = positionOf(" via ", text, start);
    if (slash < start) slash = positionOf("/", text, start);
    if (via < end) {
      const way = text.slice(via, end);
      if (!ways.has(way)) ways.set(way, text.slice(start, end));
    }
    // most routes are to blocks of addresses, which the mark behind the address tells
    const isBlock = slash < via && via < end && !isSingle(text, slash) && !isLocal(text, start);
    if (!isBlock) {
      const line = text.slice(start, end);
      if (LOCAL_ROUTE.test(line)) local.push(line);
      else if (HOST_ROUTE.test(line)) hosts.push(line);
    }
    start = end + 1;
  }
  // Of several routes to one address the last counts: they stand at the end, in their order.
  return [...ways.values(), ...local, ...hosts].join("\n");
}

/** Where it stands next; the length of the text when it does not. */
function positionOf(piece: string, text: string, from: number): number {
  const at = text.indexOf(piece, from);
  return at < 0 ? text.length : at;
}

function isLocal(text: string, start: number): boolean {
  let at = start;
  while (text[at] === " " || text[at] === "\t") at++;
  return text.startsWith("local ", at);
}

function isSingle(text: string, slash: number): boolean {
  return text.startsWith("/32", slash) || text.startsWith("/128", slash);
}

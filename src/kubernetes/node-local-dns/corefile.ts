/** A line of a Corefile, with what stands in its braces. */
export interface Directive {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly body: readonly Directive[];
}

/** A server of CoreDNS: the zones that it answers for, and its plugins. */
export interface ServerBlock {
  /** In lower case, without a dot at the end; the root is the empty string. */
  readonly zones: readonly { readonly name: string; readonly port: number }[];
  readonly plugins: readonly Directive[];
}

/** Snippets in snippets end after so many. */
const IMPORTS = 8;

/**
 * The servers of a Corefile (coredns.io/manual/configuration, github.com/coredns/caddy caddyfile/parse.go): blocks headed by zones,
 * snippets `(name)` that `import` puts in, comments and quotes. What an `import` of a file brings is not known.
 */
export function readCorefile(text: string, defaultPort = 53): readonly ServerBlock[] {
  const top = directives(tokenLines(text), { at: 0 });
  const snippets = new Map(
    top.flatMap((one) => (/^\(.+\)$/.test(one.name) ? [[one.name.slice(1, -1), one.body] as const] : [])),
  );
  const expanded = (body: readonly Directive[], left = IMPORTS): readonly Directive[] =>
    body.flatMap((one) => {
      const snippet = one.name === "import" ? snippets.get(one.arguments[0] ?? "") : undefined;
      return snippet === undefined ? [one] : left === 0 ? [] : expanded(snippet, left - 1);
    });
  return top
    .filter(({ name }) => !/^\(.+\)$/.test(name))
    .map((block) => ({
      zones: [block.name, ...block.arguments].flatMap((zone) => zoneOf(zone.replace(/,$/, ""), defaultPort)),
      plugins: expanded(block.body),
    }));
}

/** `cluster.local:53`, `dns://.:53`. */
function zoneOf(written: string, defaultPort: number): ServerBlock["zones"] {
  const found = /^(?:[a-z]+:\/\/)?(.*?)(?::(\d{1,5}))?$/i.exec(written);
  if (found === null || written === "") return [];
  return [{ name: (found[1] ?? "").toLowerCase().replace(/\.$/, ""), port: Number(found[2] ?? defaultPort) }];
}

/** The server that is asked for a name: the one of the longest zone. */
export function serverFor(blocks: readonly ServerBlock[], name: string): ServerBlock | null {
  const asked = `.${name.toLowerCase()}`;
  let best: ServerBlock | null = null;
  let length = -1;
  for (const block of blocks) {
    for (const zone of block.zones) {
      if (zone.name.length > length && (zone.name === "" || asked.endsWith(`.${zone.name}`))) {
        best = block;
        length = zone.name.length;
      }
    }
  }
  return best;
}

function tokenLines(text: string): readonly (readonly string[])[] {
  return text.split("\n").flatMap((line) => {
    const tokens = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
    const comment = tokens.findIndex((token) => token.startsWith("#"));
    const own = comment === -1 ? tokens : tokens.slice(0, comment);
    return own.length === 0 ? [] : [own];
  });
}

/** The lines up to the brace that closes. */
function directives(lines: readonly (readonly string[])[], cursor: { at: number }): readonly Directive[] {
  const found: Directive[] = [];
  while (cursor.at < lines.length) {
    const line = lines[cursor.at] ?? [];
    cursor.at++;
    if (line[0] === "}") return found;
    const opens = line.at(-1) === "{";
    const [name = "", ...rest] = opens ? line.slice(0, -1) : line;
    found.push({ name, arguments: rest, body: opens ? directives(lines, cursor) : [] });
  }
  return found;
}

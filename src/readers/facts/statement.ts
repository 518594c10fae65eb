import type { Finding } from "../../model/finding.ts";

/** Where a fact was written. */
export interface FactPlace {
  /** `--fact #1`, or the path of a file of facts. */
  readonly file: string;
  /** From 1; 0 where the text has no lines of its own. */
  readonly line: number;
}

/** A fact as a person typed it: `node1: route 192.168.0.0/26 via 10.0.0.2`. */
export interface FactText extends FactPlace {
  readonly text: string;
}

/** What a fact is about. */
export const FACT_KINDS = [
  "route",
  "address",
  "link",
  "sysctl",
  "rule",
  "rule6",
  "neighbour",
  "set",
  "policy-rule",
  "socket",
  "session",
] as const;
export type FactKind = (typeof FACT_KINDS)[number];

export type Statement =
  | {
      readonly about: "host";
      /** `<node>`, `pod/<namespace>/<name>` or `host/<name>`. */
      readonly host: string;
      readonly kind: FactKind;
      readonly words: string;
      /** Where `words` starts in the text, from 1. */
      readonly column: number;
      readonly place: FactPlace;
    }
  | {
      readonly about: "pod";
      readonly namespace: string;
      readonly name: string;
      readonly addresses: readonly string[];
      readonly node: string | null;
      readonly place: FactPlace;
    };

const ALIASES: ReadonlyMap<string, FactKind> = new Map<string, FactKind>([
  ["addr", "address"],
  ["ip", "address"],
  ["interface", "link"],
  ["neigh", "neighbour"],
  ["neighbor", "neighbour"],
  ["ipset", "set"],
  ["iprule", "policy-rule"],
  ["bgp", "session"],
  ["listen", "socket"],
  ...FACT_KINDS.map((kind) => [kind, kind] as const),
]);

const HOST_FACT = /^(\s*)([^\s:]+):(\s+)(\S+)(\s*)(.*?)\s*$/;
const POD_FACT = /^\s*pod\s+([\w.-]+)\/([\w.-]+)\s+ip\s+([\da-fA-F.:,]+)(?:\s+(?:node|on)\s+(\S+))?\s*$/;

/** A complaint about a fact, with the column that it is about and what would have been right. */
export function badFact(place: FactPlace, column: number, message: string, expected: string): Finding {
  return {
    code: "bad-fact",
    severity: "error",
    message,
    file: place.file,
    ...(place.line > 0 ? { line: place.line } : {}),
    ...(column > 0 ? { column } : {}),
    expected,
    advice: "The fact was left out. docs/reference/facts.md has the grammar.",
  };
}

/** Reads one fact; what is no fact becomes a finding with a column. */
export function readStatement({
  text,
  ...place
}: FactText): { readonly statement: Statement } | { readonly finding: Finding } {
  const plain = text.replace(/[\u2018\u2019\u201c\u201d]/g, (quote) => (quote < "\u201c" ? "'" : '"'));
  const pod = POD_FACT.exec(plain);
  if (pod !== null) {
    const [, namespace = "", name = "", addresses = "", node = null] = pod;
    return { statement: { about: "pod", namespace, name, addresses: addresses.split(","), node, place } };
  }
  if (/^\s*pod\s/.test(plain)) {
    const column = plain.search(/pod/) + 1;
    return {
      finding: badFact(
        place,
        column,
        "This fact about a pod is not understood.",
        "`pod NAMESPACE/NAME ip ADDRESS node NODE`",
      ),
    };
  }
  const found = HOST_FACT.exec(plain);
  if (found === null) {
    return {
      finding: badFact(
        place,
        1,
        `“${plain.trim().slice(0, 80)}” is no fact.`,
        "`HOST: KIND …`, such as `node1: route 192.168.0.0/26 via 10.0.0.2`",
      ),
    };
  }
  const [, lead = "", host = "", gap = "", word = "", space = "", words = ""] = found;
  const kindColumn = lead.length + host.length + 1 + gap.length + 1;
  const kind = ALIASES.get(word);
  if (kind === undefined) {
    return { finding: badFact(place, kindColumn, `“${word}” is no kind of fact.`, `one of ${FACT_KINDS.join(", ")}`) };
  }
  const column = kindColumn + word.length + space.length;
  if (words === "") return { finding: badFact(place, column, `Nothing follows “${word}”.`, EXAMPLES[kind]) };
  return { statement: { about: "host", host, kind, words, column, place } };
}

/** What each kind looks like, for messages. */
export const EXAMPLES: Readonly<Record<FactKind, string>> = {
  route: "`route 192.168.0.0/26 via 10.0.0.2 dev eth0`, as ip route add takes it",
  address: "`address 10.0.0.1/24 dev eth0`",
  link: "`link eth0 up mtu 1450`",
  sysctl: "`sysctl net.ipv4.ip_forward=1`",
  rule: "`rule -A INPUT -p tcp --dport 179 -j DROP`, or with the table first: `rule nat -A …`",
  rule6: "`rule6 -A INPUT -p tcp --dport 179 -j DROP`",
  neighbour: "`neighbour 10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE`",
  set: "`set create NAME hash:net` or `set add NAME 10.0.0.0/8`, as ipset save prints them",
  "policy-rule": "`policy-rule 100: from 10.0.0.0/8 lookup 200`, as ip rule prints it",
  socket: "`socket tcp 0.0.0.0:80`",
  session: "`session 10.0.0.2 Established`",
};

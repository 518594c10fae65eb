import fc from "fast-check";

/** A token, roughly: what is broken in a configuration is broken in one of these. */
const TOKEN = /"[^"\n]*"|'[^'\n]*'|[A-Za-z_]\w*|[0-9a-f.:]+(?:\/\d+)?|\S/g;

/** What is put where it does not belong. */
const STRAY = [
  ..."{ } ; ( ) [ ] , ~ = && + - . .. * / %".split(" "),
  ..."as neighbor protocol template bgp static kernel device direct accept reject then if else else: case filter".split(
    " ",
  ),
  ..."function on off all none import export local multihop passive net from interface route via blackhole".split(" "),
  ..."password hold time port rr client where print return defined true int set bgp_path bgp_community".split(" "),
  ..."krt_metric preference source RTS_BGP router id include define table master foo calico_aggr bgp_template".split(
    " ",
  ),
  ..."10.0.0.0/8 10.0.0.1 10.0.0.300 10.0.0.1/8 fd00::1 fd00::/64 64512 0 1 300 65536 4294967296 0x10".split(" "),
  '"x"',
  '"x',
  "'q'",
  "&",
  "/*",
  "#",
  "\n",
];

/** Configurations with one to three things broken in them. */
export function broken(corpus: readonly string[]): fc.Arbitrary<string> {
  const change = fc.record({
    kind: fc.constantFrom("remove", "repeat", "replace", "insert", "swap", "drop line", "copy line"),
    where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    other: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    stray: fc.constantFrom(...STRAY),
  });
  return fc
    .record({ text: fc.constantFrom(...corpus), changes: fc.array(change, { minLength: 1, maxLength: 3 }) })
    .map(({ text, changes }) => changes.reduce(applied, text));
}

interface Change {
  readonly kind: string;
  readonly where: number;
  readonly other: number;
  readonly stray: string;
}

function applied(text: string, { kind, where, other, stray }: Change): string {
  if (kind.endsWith("line")) {
    const lines = text.split("\n");
    const at = Math.floor(where * lines.length);
    if (kind === "drop line") lines.splice(at, 1);
    else lines.splice(at, 0, lines[Math.floor(other * lines.length)] ?? "");
    return lines.join("\n");
  }
  const tokens = [...text.matchAll(TOKEN)];
  const token = tokens[Math.floor(where * tokens.length)];
  if (token === undefined) return stray;
  const second = tokens[Math.floor(other * tokens.length)]?.[0] ?? "";
  const word = token[0];
  const put =
    { remove: "", repeat: `${word} ${word}`, replace: stray, insert: `${stray} ${word}`, swap: second }[kind] ?? word;
  return text.slice(0, token.index) + put + text.slice(token.index + word.length);
}

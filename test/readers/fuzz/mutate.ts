import type { Random } from "./random.ts";

/** What breaks readers: control characters, quotes, brackets, numbers out of range, names of everything. */
const PIECES: readonly string[] = [
  "\0",
  "\u001b[31m",
  "\ufeff",
  "\r",
  "\r\n",
  "\n",
  "\t",
  " ",
  "\u00a0",
  "\u2028",
  "…",
  "[truncated]",
  "\\",
  '"',
  "'",
  "“",
  "`",
  "```",
  "{",
  "}",
  "[",
  "]",
  "(",
  ")",
  "<",
  ">",
  "/",
  "//",
  ":",
  "::",
  ",",
  "=",
  "!",
  "-",
  "--",
  "#",
  "$ ",
  "root@n1:~# ",
  "&lt;",
  "&amp;amp;",
  "0",
  "-1",
  "4294967296",
  "99999999999999999999",
  "0x",
  "1e9",
  "NaN",
  "0.0.0.0/0",
  "::/0",
  "256.1.1.1",
  "xx.xx.1.1",
  "fe80::1%eth0",
  "__proto__",
  "constructor",
  "toString",
  "default",
  "null",
  "true",
  "-A ",
  "-j ",
  "COMMIT",
  "*filter",
  "table ip filter {",
  "via ",
  "dev ",
  "Chain INPUT (policy DROP)",
  "add ",
  "create ",
  "src=",
  "inet ",
  "nexthop ",
  "apiVersion: v1",
  "kind: Pod",
  "- ",
  "? ",
  "&a ",
  "*a",
  "!!map ",
];

const MOST = 4_000;

/** One text made of others: cut, doubled, spliced, overwritten, or no text at all. */
export function mutated(samples: readonly string[], rng: Random): string {
  if (rng.below(40) === 0) return noise(rng);
  let text = rng.pick(samples);
  const start = rng.below(Math.max(1, text.length - 200));
  text = text.slice(rng.below(2) === 0 ? 0 : start).slice(0, 200 + rng.below(1_800));
  for (let count = 1 + rng.below(4); count > 0; count--) text = once(text, samples, rng).slice(0, MOST);
  return text;
}

function once(text: string, samples: readonly string[], rng: Random): string {
  const at = rng.below(text.length + 1);
  const length = rng.below(rng.below(4) === 0 ? 400 : 12);
  const chunk = text.slice(at, at + length);
  const rest = text.slice(at + length);
  const head = text.slice(0, at);
  switch (rng.below(10)) {
    case 0:
      return head;
    case 1:
      return head + rest;
    case 2:
      return head + chunk + chunk + rest;
    case 3:
      return head + rng.pick(PIECES) + text.slice(at);
    case 4:
      return head + rng.pick(PIECES) + rest;
    case 5: {
      const other = rng.pick(samples);
      const from = rng.below(other.length + 1);
      return head + other.slice(from, from + rng.below(500)) + rest;
    }
    case 6:
      return head + String.fromCharCode(rng.below(rng.below(3) === 0 ? 65_536 : 128)) + text.slice(at + 1);
    case 7:
      return text.split("\n").reverse().join("\n");
    case 8:
      return head + chunk.repeat(1 + rng.below(20)) + rest;
    default:
      return rng.below(2) === 0 ? text.replaceAll("\t", " ").replaceAll(/ +/g, " ") : text.replaceAll(" ", "\n");
  }
}

function noise(rng: Random): string {
  const limit = rng.pick([2, 128, 256, 65_536]);
  let text = "";
  for (let count = rng.below(600); count > 0; count--) text += String.fromCharCode(rng.below(limit));
  return text;
}

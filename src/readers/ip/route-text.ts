import type { DumpFindings } from "../dump-findings.ts";
import { type DumpLine, quote } from "../dump-text.ts";
import { parseDestination } from "./parse-address.ts";
import { isRouteType, type WrittenHop, type WrittenRoute, writtenHop, writtenRoute } from "./route-build.ts";
import { type Token, TokenReader, tokensOf } from "./tokens.ts";

/** Printed by ip/iproute.c (print_rt_flags). */
const FLAGS: ReadonlySet<string> = new Set([
  "onlink",
  "linkdown",
  "dead",
  "pervasive",
  "offload",
  "offload_failed",
  "rt_offload",
  "rt_trap",
  "trap",
  "notify",
  "unresolved",
]);

/** Read and passed over without a word: they say nothing about where a packet goes. */
const SILENT: ReadonlySet<string> = new Set(["error", "users", "age", "used", "uid", "cache", "ipid", "ts", "tsage"]);

/** Options with a value (RTAX_* of include/uapi/linux/rtnetlink.h and others) that the model does not have. */
const IGNORED: ReadonlySet<string> = new Set([
  "congctl",
  "cwnd",
  "fastopen_no_cookie",
  "features",
  "initcwnd",
  "initrwnd",
  "min_adv_mss",
  "quickack",
  "reordering",
  "rto_min",
  "rtt",
  "rttvar",
  "ssthresh",
  "ttl-propagate",
  "window",
  "mark",
  "iif",
]);

/** Words that end the options of `encap`, which use `src`, `dst` and `tos` with a meaning of their own. */
const AFTER_ENCAPSULATION: ReadonlySet<string> = new Set([
  "via",
  "dev",
  "table",
  "proto",
  "scope",
  "metric",
  "nexthop",
]);

/** The entries of `ip route`; hops on lines of their own belong to the entry above. */
export function writtenTextRoutes(lines: readonly DumpLine[], findings: DumpFindings): readonly WrittenRoute[] {
  const routes: WrittenRoute[] = [];
  let entry: Token[] = [];
  const finish = (): void => {
    const written = entry.length === 0 ? null : writtenTextRoute(entry, findings);
    if (written !== null) routes.push(written);
    entry = [];
  };
  for (const line of lines) {
    const tokens = tokensOf(line);
    const first = tokens[0]?.text ?? "";
    // `nh_info` is what -d adds to a next-hop object, `cache` what `ip route get` adds.
    if (first === "nh_info" || first === "cache") continue;
    if (first === "nexthop" && entry.length > 0) {
      for (const token of tokens) entry.push(token);
      continue;
    }
    finish();
    entry = tokens;
  }
  finish();
  return routes;
}

function writtenTextRoute(tokens: readonly Token[], findings: DumpFindings): WrittenRoute | null {
  const reader = new TokenReader(tokens);
  const line = tokens[0]?.line ?? 0;
  const written = writtenRoute(line);
  const text = (): string => quote(tokens.map((token) => token.text).join(" "));
  if (isRouteType(reader.peek() ?? "")) written.type = reader.takeText();
  written.destination = reader.takeText();
  if (parseDestination(written.destination, 4) === null && !/^[\d.:a-fx*/]+$/i.test(written.destination)) {
    findings.add("unknown-line", "warning", line, `Not a route: ${text()}.`);
    return null;
  }
  let hop = written.hop;
  let reported = false;
  for (let token = reader.take(); token !== null; token = reader.take()) {
    if (token.text === "nexthop") {
      hop = writtenHop();
      written.hops.push(hop);
    } else if (!readOption(token, reader, written, hop, findings) && !reported) {
      reported = true;
      findings.add("unknown-option", "warning", token.line, `Unknown route option ${quote(token.text)}.`, {
        column: token.column,
      });
    }
  }
  if (reader.damaged) {
    findings.add(
      "damaged-line",
      "error",
      line,
      `An option has no value or a wrong one; the route is left out: ${text()}.`,
    );
    return null;
  }
  return written;
}

/** False when the word is no option of a route. */
function readOption(
  token: Token,
  reader: TokenReader,
  written: WrittenRoute,
  hop: WrittenHop,
  findings: DumpFindings,
): boolean {
  const word = token.text;
  switch (word) {
    case "via":
      if (reader.peek() === "inet" || reader.peek() === "inet6") {
        reader.take();
        hop.otherFamily = true;
      }
      hop.gateway = reader.takeText();
      return true;
    case "dev":
      hop.device = reader.takeText();
      return true;
    case "weight":
      hop.weight = reader.takeNumber(65536);
      return true;
    case "table":
      written.table = reader.takeText();
      return true;
    case "proto":
    case "protocol":
      written.protocol = reader.takeText();
      return true;
    case "scope":
      written.scope = reader.takeText();
      return true;
    case "src":
      written.source = reader.takeText();
      return true;
    case "metric":
    case "preference":
    case "priority":
      written.metric = reader.takeNumber(0xffffffff);
      return true;
    case "tos":
    case "dsfield":
      written.tos = reader.takeText();
      return true;
    case "mtu":
      written.mtuLocked = takesLock(reader);
      written.mtu = reader.takeNumber(0xffffffff);
      return true;
    case "hoplimit":
      takesLock(reader);
      written.hopLimit = reader.takeNumber(255);
      return true;
    case "advmss":
      takesLock(reader);
      written.advertisedMss = reader.takeNumber(0xffffffff);
      return true;
    case "expires":
      written.expires = secondsOf(reader.takeText());
      return true;
    case "pref":
      written.hasPreference = true;
      reader.take();
      return true;
    case "nhid":
      written.nextHopObject = reader.takeText();
      return true;
    case "realm":
    case "realms":
      written.realm = reader.takeText();
      return true;
    case "from":
      written.from = reader.takeText();
      return true;
    case "encap":
      written.encapsulation = reader.takeText();
      while (reader.peek() !== null && !AFTER_ENCAPSULATION.has(reader.peek() ?? "")) reader.take();
      return true;
  }
  if (FLAGS.has(word)) hop.flags.push(word);
  else if (SILENT.has(word)) reader.take();
  else if (IGNORED.has(word)) {
    takesLock(reader);
    reader.take();
    findings.once("ignored-option", "info", token.line, `Route option \`${word}\` is not modelled.`);
  } else return false;
  return true;
}

/** `1799sec`, or a number as it is typed. */
function secondsOf(text: string): number | null {
  const seconds = /^(-?\d+)(?:sec)?$/.exec(text)?.[1];
  return seconds === undefined ? null : Number(seconds);
}

/** `lock` may stand before the value of each metric (RTAX_LOCK). */
function takesLock(reader: TokenReader): boolean {
  const locked = reader.peek() === "lock";
  if (locked) reader.take();
  return locked;
}

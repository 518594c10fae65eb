import { quoteString } from "../iptables/words.ts";

/** A rule of iptables-nft as nft prints it, in the words of iptables-save. */
export interface TranslatedRule {
  readonly words: string;
  readonly counters: { readonly packets: number; readonly bytes: number } | null;
  /** What it does is told. */
  readonly hasTarget: boolean;
  /** What nft does not tell of the rule, or podpath cannot read; null when all of it is known. */
  readonly missing: string | null;
}

/** What the statements of a rule amount to so far. */
interface Draft {
  protocol: string | null;
  readonly matches: string[];
  readonly target: string[];
  counters: TranslatedRule["counters"];
}

type Statement = readonly [RegExp, (found: readonly string[], draft: Draft, family: 4 | 6) => boolean];

const not = (sign: string | undefined): string =>
  sign === undefined || sign.trim() === "" || sign.trim() === "==" ? "" : "! ";
const unquoted = (text: string): string => text.replace(/^"(.*)"$/, "$1");
const NUMBER = String.raw`(?:0x[\da-f]+|\d+)`;

function match(draft: Draft, words: string): boolean {
  draft.matches.push(words);
  return true;
}

function target(draft: Draft, words: string): boolean {
  if (draft.target.length > 0) return false;
  draft.target.push(words);
  return true;
}

function device(option: string): Statement[1] {
  return ([, sign, name = ""], draft) => match(draft, `${not(sign)}${option} ${unquoted(name).replace(/\*$/, "+")}`);
}

function ports([, protocol = "", side = "", sign, value = ""]: readonly string[], draft: Draft): boolean {
  if (protocol !== "th") draft.protocol ??= `-p ${protocol}`;
  if (value.startsWith("{") || protocol === "th") {
    const list = value.replace(/[{}\s]/g, "").replaceAll("-", ":");
    return match(draft, `-m multiport ${not(sign)}--${side}s ${list}`);
  }
  return match(draft, `-m ${protocol} ${not(sign)}--${side} ${value.replace("-", ":")}`);
}

const TCP_FLAGS: Readonly<Record<string, string>> = {
  "0x1": "FIN",
  "0x2": "SYN",
  "0x4": "RST",
  "0x8": "PSH",
  "0x10": "ACK",
  "0x20": "URG",
};

function flags([, sign, set = "", mask = ""]: readonly string[], draft: Draft): boolean {
  const names = (text: string): string =>
    text === "0x0"
      ? "NONE"
      : text
          .split(",")
          .map((one) => TCP_FLAGS[one] ?? one.toUpperCase())
          .join(",");
  draft.protocol ??= "-p tcp";
  return match(draft, `-m tcp ${not(sign)}--tcp-flags ${names(mask)} ${names(set)}`);
}

function uint32(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/** `meta mark set mark and 0xffffff00 xor 0x1` is MARK --set-xmark 0x1/0xff. */
function setMark(extension: string): Statement[1] {
  return ([, plain, bits, operand, xor], draft) => {
    if (plain !== undefined) return target(draft, `-j ${extension} --set-xmark ${plain}/0xffffffff`);
    if (bits === "and" && xor !== undefined)
      return target(draft, `-j ${extension} --set-xmark ${xor}/${uint32(~Number(operand))}`);
    return xor === undefined && target(draft, `-j ${extension} --${bits}-mark ${operand}`);
  };
}

function natFlags(text = ""): string {
  return text
    .split(/[\s,]+/)
    .map(
      (flag) => ({ "fully-random": " --random-fully", random: " --random", persistent: " --persistent" })[flag] ?? "",
    )
    .join("");
}

const REJECTS: Readonly<Record<string, string>> = { "prot-unreachable": "proto-unreachable" };
const REJECTS6: Readonly<Record<string, string>> = { "admin-prohibited": "adm-prohibited" };

function reject([, tcp, family, type = ""]: readonly string[], draft: Draft, ip: 4 | 6): boolean {
  if (tcp !== undefined) return target(draft, "-j REJECT --reject-with tcp-reset");
  if (family === undefined)
    return target(draft, `-j REJECT --reject-with ${ip === 4 ? "icmp" : "icmp6"}-port-unreachable`);
  const name = family === "icmp" ? (REJECTS[type] ?? type) : (REJECTS6[type] ?? type);
  return target(draft, `-j REJECT --reject-with ${family === "icmp" ? "icmp" : "icmp6"}-${name}`);
}

function log([text = ""]: readonly string[], draft: Draft): boolean {
  const prefix = /prefix ("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  const group = / group (\d+)/.exec(text)?.[1];
  const level = / level (\w+)/.exec(text)?.[1];
  const said = prefix === undefined ? "" : quoteString(unquoted(prefix));
  if (group !== undefined)
    return target(draft, `-j NFLOG${said === "" ? "" : ` --nflog-prefix ${said}`} --nflog-group ${group}`);
  const words = [
    ...(said === "" ? [] : [`--log-prefix ${said}`]),
    ...(level === undefined || level === "warn" ? [] : [`--log-level ${level}`]),
  ];
  return target(draft, ["-j LOG", ...words].join(" "));
}

const OPERATOR = `((?:==|!=) )?`;
const WORD = String.raw`("[^"]*"|[^\s"{;]+)`;
const at = (source: string): RegExp => new RegExp(`^${source}(?= |$)`, "i");

/** Statements that iptables-nft makes, as nft 1.0 prints them (measured); the first that fits is taken. */
const STATEMENTS: readonly Statement[] = [
  [at(`iifname ${OPERATOR}${WORD}`), device("-i")],
  [at(`oifname ${OPERATOR}${WORD}`), device("-o")],
  [
    at(String.raw`ip6? ([sd])addr & (\S+) (==|!=) (\S+)`),
    ([, side, mask, sign, address], draft) => match(draft, `${not(sign)}-${side} ${address}/${mask}`),
  ],
  [
    at(`ip6? ([sd])addr ${OPERATOR}([\\da-f.:]+(?:/\\d+)?)`),
    ([, side, sign, address], draft) => match(draft, `${not(sign)}-${side} ${address}`),
  ],
  [
    at(`(?:meta l4proto|ip protocol|ip6 nexthdr) ${OPERATOR}([\\w-]+)`),
    ([, sign, protocol], draft) => {
      if (draft.protocol !== null) return false;
      draft.protocol = `${not(sign)}-p ${protocol}`;
      return true;
    },
  ],
  [at(`(tcp|udp|udplite|sctp|dccp|th) ([sd]port) ${OPERATOR}(\\{[^}]*\\}|[\\w-]+)`), ports],
  [at(String.raw`tcp flags ((?:!= )?)([\w,]+) / ([\w,]+)`), flags],
  [
    at(`ct state ${OPERATOR}([a-z,]+)`),
    ([, sign, states = ""], draft) => match(draft, `-m conntrack ${not(sign)}--ctstate ${states.toUpperCase()}`),
  ],
  [
    at(`meta mark & (${NUMBER}) (==|!=) (${NUMBER})`),
    ([, mask, sign, value], draft) => match(draft, `-m mark ${not(sign)}--mark ${value}/${mask}`),
  ],
  [
    at(`meta mark ${OPERATOR}(${NUMBER})`),
    ([, sign, value], draft) => match(draft, `-m mark ${not(sign)}--mark ${value}`),
  ],
  [
    at(`ct mark & (${NUMBER}) (==|!=) (${NUMBER})`),
    ([, mask, sign, value], draft) => match(draft, `-m connmark ${not(sign)}--mark ${value}/${mask}`),
  ],
  [
    at(`ct mark ${OPERATOR}(${NUMBER})`),
    ([, sign, value], draft) => match(draft, `-m connmark ${not(sign)}--mark ${value}`),
  ],
  [
    at(`fib ([sd])addr( \\. [io]if)? type ${OPERATOR}([a-z]+)`),
    ([, side, limit, sign, type = ""], draft) =>
      match(
        draft,
        `-m addrtype ${not(sign)}--${side === "s" ? "src" : "dst"}-type ${type.toUpperCase()}${limit === undefined ? "" : ` --limit-iface-${limit.endsWith("iif") ? "in" : "out"}`}`,
      ),
  ],
  [
    at(String.raw`limit rate (\d+)/(second|minute|hour|day)(?: burst (\d+) packets)?`),
    ([, rate, unit, burst], draft) =>
      match(draft, `-m limit --limit ${rate}/${unit}${burst === undefined ? "" : ` --limit-burst ${burst}`}`),
  ],
  [
    at(`icmp type ${OPERATOR}([\\w-]+)`),
    ([, sign, type], draft) => match(draft, `-m icmp ${not(sign)}--icmp-type ${type}`),
  ],
  [
    at(`(?:meta )?pkttype ${OPERATOR}(unicast|broadcast|multicast)`),
    ([, sign, type], draft) => match(draft, `-m pkttype ${not(sign)}--pkt-type ${type}`),
  ],
  [
    at(`meta length ${OPERATOR}(\\d+(?:-\\d+)?)`),
    ([, sign, range = ""], draft) => match(draft, `-m length ${not(sign)}--length ${range.replace("-", ":")}`),
  ],
  [
    at(String.raw`meta random & 2147483647 (<|>=) (\d+)`),
    ([, sign, share], draft) =>
      match(
        draft,
        `-m statistic --mode random ${sign === "<" ? "" : "! "}--probability ${(Number(share) / 2 ** 31).toFixed(11)}`,
      ),
  ],
  [
    at(String.raw`numgen inc mod (\d+) (!= )?(\d+)`),
    ([, every, sign, packet], draft) =>
      match(draft, `-m statistic --mode nth ${not(sign)}--every ${every} --packet ${packet}`),
  ],
  [
    at(`ether saddr ${OPERATOR}([\\da-f:]{17})`),
    ([, sign, mac], draft) => match(draft, `-m mac ${not(sign)}--mac-source ${mac}`),
  ],
  [at("ip frag-off & (?:8191|0x1fff) (==|!=) 0"), ([, sign], draft) => match(draft, sign === "!=" ? "-f" : "! -f")],
  [
    at(String.raw`counter packets (\d+) bytes (\d+)`),
    ([, packets, bytes], draft) => {
      draft.counters = { packets: Number(packets), bytes: Number(bytes) };
      return true;
    },
  ],
  [at("(accept|drop|return)"), ([, verdict = ""], draft) => target(draft, `-j ${verdict.toUpperCase()}`)],
  [
    at(`(jump|goto) ${WORD}`),
    ([, how, chain = ""], draft) => target(draft, `${how === "jump" ? "-j" : "-g"} ${unquoted(chain)}`),
  ],
  [at(String.raw`reject(?: with (?:(tcp reset)|(icmp|icmpv6)(?: type)? ([\w-]+)))?`), reject],
  [at(String.raw`log(?: prefix "(?:[^"\\]|\\.)*")?(?: group \d+)?(?: level \w+)?(?: group \d+)?`), log],
  [at(`(?:meta )?mark set (?:(${NUMBER})|mark (and|or|xor) (${NUMBER})(?: xor (${NUMBER}))?)`), setMark("MARK")],
  [at(`ct mark set (?:(${NUMBER})|ct mark (and|or|xor) (${NUMBER})(?: xor (${NUMBER}))?)`), setMark("CONNMARK")],
  [
    at(String.raw`masquerade(?: to :([\d-]+))?((?:[ ,](?:fully-random|random|persistent))*)`),
    ([, range, how], draft) =>
      target(draft, `-j MASQUERADE${range === undefined ? "" : ` --to-ports ${range}`}${natFlags(how)}`),
  ],
  [
    at(String.raw`dnat to (\S+)((?:[ ,](?:fully-random|random|persistent))*)`),
    ([, to, how], draft) => target(draft, `-j DNAT --to-destination ${to}${natFlags(how)}`),
  ],
  [
    at(String.raw`snat to (\S+)((?:[ ,](?:fully-random|random|persistent))*)`),
    ([, to, how], draft) => target(draft, `-j SNAT --to-source ${to}${natFlags(how)}`),
  ],
  [
    at(String.raw`redirect(?: to :([\d-]+))?((?:[ ,](?:fully-random|random|persistent))*)`),
    ([, range, how], draft) =>
      target(draft, `-j REDIRECT${range === undefined ? "" : ` --to-ports ${range}`}${natFlags(how)}`),
  ],
  [at("tcp option maxseg size set rt mtu"), (_, draft) => target(draft, "-j TCPMSS --clamp-mss-to-pmtu")],
  [at(String.raw`tcp option maxseg size set (\d+)`), ([, mss], draft) => target(draft, `-j TCPMSS --set-mss ${mss}`)],
  [at("meta nftrace set 1"), (_, draft) => target(draft, "-j TRACE")],
  [at("notrack"), (_, draft) => target(draft, "-j CT --notrack")],
  [at(String.raw`comment ("(?:[^"\\]|\\.)*")`), ([, text = ""], draft) => match(draft, `-m comment --comment ${text}`)],
];

/** All that nft says of a match or target of xtables for which it has no words. */
const BARE = /^xt (?:match|target) "?[\w-]+"?(?: |$)/;

/**
 * Translates one rule. What iptables-nft says through xtables' own extensions nft prints as `xt match NAME`, without the options, or as
 * `# xt_NAME`; `ct status` stands for states that it cannot print whole (measured with nft 1.0.6: `! --ctstate NEW,DNAT` becomes
 * `ct status dnat`), and `ip dscp set` for a TOS that it prints wrong. Comments vanish.
 */
export function translatedRule(line: string, family: 4 | 6): TranslatedRule {
  const draft: Draft = { protocol: null, matches: [], target: [], counters: null };
  const untold: string[] = [];
  let rest = line.replace(/\s+# handle \d+$/, "").trim();
  while (rest !== "" && !rest.startsWith("#")) {
    const bare = BARE.exec(rest);
    // a comment matches always
    if (bare !== null && !bare[0].startsWith("xt match comment")) untold.push(bare[0].trimEnd());
    const length = bare?.[0].length ?? read(rest, draft, family);
    if (length === 0) break;
    rest = rest.slice(length).trimStart();
  }
  const missing = [...untold, ...(rest === "" ? [] : [rest])];
  const words = [...(draft.protocol === null ? [] : [draft.protocol]), ...draft.matches, ...draft.target];
  return {
    words: words.join(" "),
    hasTarget: draft.target.length > 0,
    counters: draft.counters ?? counted(rest),
    missing: missing.length === 0 ? null : `what "${missing.join('", "')}" means`,
  };
}

function read(text: string, draft: Draft, family: 4 | 6): number {
  for (const [pattern, apply] of STATEMENTS) {
    const found = pattern.exec(text);
    if (found !== null) return apply(found, draft, family) ? found[0].length : 0;
  }
  return 0;
}

/** The counters stand behind what could not be read. */
function counted(rest: string): TranslatedRule["counters"] {
  const found = /(?:^| )counter packets (\d+) bytes (\d+)/.exec(rest);
  return found === null ? null : { packets: Number(found[1]), bytes: Number(found[2]) };
}

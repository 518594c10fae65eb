import { quoteString } from "../iptables/words.ts";

/** How an extension shows itself in `iptables -L`, and the words of iptables-save for it; null where the text cannot be told. */
export interface Phrase {
  /** Anchored at the start of what is left of the line. */
  readonly pattern: RegExp;
  words(found: readonly string[]): string | null;
}

const not = (sign: string | undefined): string => (sign === undefined || sign.trim() === "" ? "" : "! ");
const phrase = (pattern: RegExp, words: (found: readonly string[]) => string | null): Phrase => ({ pattern, words });

/** `tcp dpt:22`, `udp dpts:!5:9`, `sctp spt:1`. */
const PORTS = /^(tcp|udp|udplite|sctp|dccp)((?: (?:[sd]pts?:!?\S+|flags:!?\S+|option=!?\d+))*)(?= |$)/;

function portWords([, protocol = "", options = ""]: readonly string[]): string | null {
  const words = [`-m ${protocol}`];
  for (const option of options.split(" ")) {
    if (option === "") continue;
    const port = /^([sd])pts?:(!?)(\S+)$/.exec(option);
    const flags = /^flags:(!?)(\S+)\/(\S+)$/.exec(option);
    const number = /^option=(!?)(\d+)$/.exec(option);
    if (port !== null) words.push(`${not(port[2])}--${port[1]}port ${port[3]}`);
    else if (flags !== null) words.push(`${not(flags[1])}--tcp-flags ${flagNames(flags[2])} ${flagNames(flags[3])}`);
    else if (number !== null) words.push(`${not(number[1])}--tcp-option ${number[2]}`);
    else return null;
  }
  return words.join(" ");
}

const TCP_FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

/** `0x17` with -n, `FIN,SYN,RST,ACK` without. */
function flagNames(text = ""): string {
  if (!/^0x[\da-f]{1,2}$/i.test(text)) return text;
  const bits = Number(text);
  return TCP_FLAGS.filter((_, bit) => (bits & (1 << bit)) !== 0).join(",") || "NONE";
}

/** Options of conntrack in the order that they are printed; each may follow a `!`. */
const CONNTRACK = String.raw`(! )?(ctstate|ctproto|ctorigsrcport|ctorigdstport|ctreplsrcport|ctrepldstport|ctorigsrc|ctorigdst|ctreplsrc|ctrepldst|ctstatus|ctexpire|ctdir) (\S+)`;
const CONNTRACK_OPTION = new RegExp(CONNTRACK, "g");

/** One match prints each option once: what comes again is of the next one. */
function conntrackWords([text = ""]: readonly string[]): string {
  const words: string[] = [];
  let given: string[] = [];
  for (const [, sign, name = "", value] of text.matchAll(CONNTRACK_OPTION)) {
    if (words.length === 0 || given.includes(name)) {
      words.push("-m conntrack");
      given = [];
    }
    given.push(name);
    words.push(`${not(sign)}--${name} ${value}`);
  }
  return words.join(" ");
}

const TTL_TESTS: ReadonlyMap<string, string> = new Map([
  ["==", "-eq"],
  ["!=", "! -eq"],
  ["<", "-lt"],
  [">", "-gt"],
]);

function hopLimit(extension: string, [, test = "", value = ""]: readonly string[]): string | null {
  const option = TTL_TESTS.get(test);
  if (option === undefined) return null;
  return `-m ${extension} ${option.replace("-", `--${extension}-`)} ${value}`;
}

function recentWords([, sign, mode = "", rest = ""]: readonly string[]): string | null {
  const words = [
    `-m recent ${not(sign)}--${{ SET: "set", CHECK: "rcheck", UPDATE: "update", REMOVE: "remove" }[mode]}`,
  ];
  for (const [label, option] of [
    ["seconds", "seconds"],
    ["hit_count", "hitcount"],
    ["name", "name"],
  ] as const) {
    const value = new RegExp(`(?:^| )${label}: (\\S+)`).exec(rest)?.[1];
    if (value !== undefined) words.push(`--${option} ${value}`);
  }
  if (/(?:^| )reap(?: |$)/.test(rest)) words.push("--reap");
  if (rest.includes("TTL-Match")) words.push("--rttl");
  const mask = / mask: (\S+)/.exec(rest)?.[1];
  if (mask !== undefined) words.push(`--mask ${mask}`);
  words.push(rest.includes("side: dest") ? "--rdest" : "--rsource");
  return words.join(" ");
}

function ownerWords([text = ""]: readonly string[]): string {
  const words = ["-m owner"];
  for (const [, sign, what = "", value = ""] of text.matchAll(/(! )?owner (UID|GID) match (\S+)/g)) {
    words.push(`${not(sign)}--${what.toLowerCase()}-owner ${value}`);
  }
  const socket = /(! )?owner socket exists/.exec(text);
  if (socket !== null) words.push(`${not(socket[1])}--socket-exists`);
  return words.join(" ");
}

function rangeWords([text = ""]: readonly string[]): string {
  const words = ["-m iprange"];
  for (const [, side = "", sign, range = ""] of text.matchAll(/(source|destination) IP range (! )?(\S+)/g)) {
    words.push(`${not(sign)}--${side === "source" ? "src" : "dst"}-range ${range}`);
  }
  return words.join(" ");
}

function icmpWords([, name = "", sign = "", type = "", code]: readonly string[]): string {
  const extension = name === "icmp" ? "-m icmp" : "-m icmp6";
  const option = name === "icmp" ? "--icmp-type" : "--icmpv6-type";
  // 255 is how icmp keeps `any`
  if (name === "icmp" && type === "255") return `${extension} ${option} any`;
  return `${extension} ${not(sign)}${option} ${type}${code === undefined ? "" : `/${code}`}`;
}

/** What matches print (`print` of extensions/libxt_*.c, libipt_*.c, libip6t_*.c of iptables 1.8.9; measured). */
export const MATCH_PHRASES: readonly Phrase[] = [
  phrase(/^\/\* (.*?) \*\/(?= |$)/, ([, text = ""]) => `-m comment --comment ${quoteString(text)}`),
  phrase(PORTS, portWords),
  phrase(
    /^multiport (sports|dports|ports) +(!?)(\S+)/,
    ([, kind, sign, list]) => `-m multiport ${not(sign)}--${kind} ${list}`,
  ),
  phrase(/^(! )?state (\S+)/, ([, sign, states]) => `-m state ${not(sign)}--state ${states}`),
  phrase(new RegExp(`^(?:${CONNTRACK} ?)+`), conntrackWords),
  phrase(
    /^(connmark|mark) match +(! ?)?(0x[\da-f]+(?:\/0x[\da-f]+)?)/i,
    ([, name, sign, mark]) => `-m ${name} ${not(sign)}--mark ${mark}`,
  ),
  phrase(/^MARK match (!?)(\S+)/, ([, sign, mark]) => `-m mark ${not(sign)}--mark ${mark}`),
  phrase(
    /^ADDRTYPE match(?: src-type (!?)(\S+))?(?: dst-type (!?)(\S+))?( limit-in)?( limit-out)?(?= |$)/,
    ([, notSource, source, notDestination, destination, input, output]) =>
      [
        "-m addrtype",
        ...(source === undefined ? [] : [`${not(notSource)}--src-type ${source}`]),
        ...(destination === undefined ? [] : [`${not(notDestination)}--dst-type ${destination}`]),
        ...(input === undefined ? [] : ["--limit-iface-in"]),
        ...(output === undefined ? [] : ["--limit-iface-out"]),
      ].join(" "),
  ),
  phrase(/^limit: avg (\S+) burst (\d+)/, ([, rate, burst]) => `-m limit --limit ${rate} --limit-burst ${burst}`),
  phrase(/^MAC ?(! ?)?([\da-f:]{17})/i, ([, sign, mac]) => `-m mac ${not(sign)}--mac-source ${mac}`),
  phrase(/^(?:(?:! )?owner (?:(?:UID|GID) match \S+|socket exists) ?)+/, ownerWords),
  phrase(/^PKTTYPE (!?)= (\S+)/, ([, sign, type]) => `-m pkttype ${not(sign)}--pkt-type ${type}`),
  phrase(
    /^statistic mode random (! )?probability (\S+)/,
    ([, sign, share]) => `-m statistic --mode random ${not(sign)}--probability ${share}`,
  ),
  phrase(
    /^statistic mode nth (! )?every (\d+)(?: packet (\d+))?/,
    ([, sign, every, packet]) => `-m statistic --mode nth ${not(sign)}--every ${every} --packet ${packet ?? "0"}`,
  ),
  phrase(/^(?:(?:source|destination) IP range (?:! )?\S+ ?)+/, rangeWords),
  phrase(/^length (!?)(\d+(?::\d+)?)/, ([, sign, range]) => `-m length ${not(sign)}--length ${range}`),
  phrase(/^TTL match TTL (==|!=|<|>) (\d+)/, (found) => hopLimit("ttl", found)),
  phrase(/^HL match HL (==|!=|<|>) (\d+)/, (found) => hopLimit("hl", found)),
  phrase(
    /^(! )?recent: (SET|CHECK|UPDATE|REMOVE)((?: (?:seconds|hit_count|name|side|mask): \S+| reap| TTL-Match)*)/,
    recentWords,
  ),
  phrase(/^PHYSDEV match((?: (?:! )?--physdev-\S+(?: [^-!\s]\S*)?)+)/, ([, options]) => `-m physdev${options}`),
  phrase(
    /^policy match dir (in|out) pol (none)(?= |$)/,
    ([, direction, pol]) => `-m policy --dir ${direction} --pol ${pol}`,
  ),
  phrase(/^tos match(!?)(0x[\da-f]{2}\/0x[\da-f]{2})/, ([, sign, tos]) => `-m tos ${not(sign)}--tos ${tos}`),
  phrase(/^DSCP match (!?)(0x[\da-f]{2})/, ([, sign, dscp]) => `-m dscp ${not(sign)}--dscp ${dscp}`),
  phrase(/^tcpmss match (!?)(\d+(?::\d+)?)/, ([, sign, range]) => `-m tcpmss ${not(sign)}--mss ${range}`),
  phrase(
    /^helper match (! ?)?"([^"]*)"/,
    ([, sign, name]) => `-m helper ${not(sign)}--helper ${quoteString(name ?? "")}`,
  ),
  phrase(
    /^(! )?match-set (\S+) ((?:src|dst)(?:,(?:src|dst))*)(?= |$)/,
    ([, sign, name, sides]) => `-m set ${not(sign)}--match-set ${name} ${sides}`,
  ),
  phrase(/^cpu (! )?(\d+)/, ([, sign, cpu]) => `-m cpu ${not(sign)}--cpu ${cpu}`),
  phrase(/^(icmp|ipv6-icmp) ?(!?)type (\d+)(?: code (\d+))?(?= |$)/, icmpWords),
  phrase(/^(icmp|ipv6-icmp) (!?)((?!type)[a-zA-Z][\w-]*)(?= |$)/, icmpWords),
  phrase(/^socket((?: --(?:transparent|nowildcard|restore-skmark))*)(?= |$)/, ([, options]) => `-m socket${options}`),
  phrase(
    /^rpfilter((?: (?:loose|validmark|accept-local|invert))*)(?= |$)/,
    ([, options = ""]) => `-m rpfilter${options.replace(/ (\S+)/g, " --$1")}`,
  ),
];

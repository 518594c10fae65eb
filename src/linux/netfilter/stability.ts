import type { Match, Matches, TargetCall, Targets } from "../../model/ruleset.ts";
import { recording } from "../walk-record.ts";
import type { MatchFunction, TargetFunction } from "./extension.ts";
import type { NftKey } from "./nft/key.ts";

/**
 * What a test rests on, for packets of one connection that differ in sequence numbers, length and content only. `stable`: on what
 * these share, or on what the host itself keeps count of changes (routes, sets, addresses). `noting`: it tells by itself
 * (`noteVolatile`), as whatever asks the chooser does. `flags`: on the flags of TCP. `volatile`: on something else.
 */
type Stability = "stable" | "noting" | "flags" | "volatile";

const MATCHES: Readonly<Record<Exclude<keyof Matches, "nft">, Stability>> = {
  addrtype: "stable",
  ah: "volatile",
  bpf: "volatile",
  cgroup: "noting",
  cluster: "noting",
  comment: "stable",
  connbytes: "volatile",
  connlabel: "volatile",
  connlimit: "volatile",
  connmark: "volatile",
  conntrack: "volatile",
  cpu: "volatile",
  dccp: "volatile",
  devgroup: "stable",
  dscp: "stable",
  dst: "volatile",
  ecn: "volatile",
  esp: "volatile",
  eui64: "stable",
  frag: "volatile",
  hashlimit: "volatile",
  hbh: "volatile",
  helper: "volatile",
  hl: "stable",
  icmp: "stable",
  icmp6: "stable",
  ipcomp: "volatile",
  iprange: "stable",
  ipv6header: "volatile",
  ipvs: "volatile",
  length: "volatile",
  limit: "volatile",
  mac: "stable",
  mark: "stable",
  mh: "volatile",
  multiport: "stable",
  nfacct: "volatile",
  osf: "volatile",
  owner: "stable",
  physdev: "volatile",
  pkttype: "stable",
  policy: "stable",
  quota: "volatile",
  realm: "stable",
  recent: "volatile",
  refused: "volatile",
  rpfilter: "stable",
  rt: "volatile",
  sctp: "stable",
  set: "noting",
  socket: "volatile",
  state: "stable",
  statistic: "volatile",
  string: "volatile",
  tcp: "flags",
  tcpmss: "volatile",
  time: "volatile",
  tos: "stable",
  ttl: "stable",
  u32: "volatile",
  udp: "stable",
  udplite: "stable",
  unmodelled: "volatile",
};

/** Targets that do the same to each packet, and nothing that a later one could notice. */
const STABLE_TARGETS: ReadonlySet<keyof Targets> = new Set([
  "AUDIT",
  "CHECKSUM",
  "CLASSIFY",
  "CT",
  "LOG",
  "MARK",
  "NFLOG",
  "NOTRACK",
  "TRACE",
  "ULOG",
]);

const unstable = new WeakMap<MatchFunction | TargetFunction, "flags" | "volatile">();

/** A test was compiled of a match. */
export function classifyTest(match: Match, test: MatchFunction): void {
  const stability = stabilityOf(match);
  if (stability === "flags" || stability === "volatile") unstable.set(test, stability);
}

function stabilityOf(match: Match): Stability {
  if (match.name === "nft") return ofNft(match.options);
  return match.name === "conntrack" && match.options.expire === null ? "stable" : MATCHES[match.name];
}

/** Keys of native nft rules that the packets of a connection do not share. */
const NFT_KEYS: ReadonlyMap<NftKey["of"], Stability> = new Map([
  ["tcp flags", "flags"],
  ["length", "volatile"],
  ["ct mark", "volatile"],
  ["ct status", "volatile"],
]);

function ofNft(options: Matches["nft"]): Stability {
  switch (options.kind) {
    case "memo":
      return "stable";
    case "lookup": {
      const found = options.lookup.keys.map(({ of }) => NFT_KEYS.get(of) ?? "stable");
      return found.includes("volatile") ? "volatile" : found.includes("flags") ? "flags" : "stable";
    }
    case "bits":
      return NFT_KEYS.get(options.of) ?? "stable";
    case "statement":
      return STABLE_TARGETS.has(options.call.name) ? "stable" : "volatile";
    case "unmodelled":
      return "noting";
  }
}

/** A call was compiled of a target. */
export function classifyCall({ name }: TargetCall, call: TargetFunction): void {
  if (!STABLE_TARGETS.has(name)) unstable.set(call, "volatile");
}

/** A test or target is asked. */
export function noteCall(call: MatchFunction | TargetFunction): void {
  const record = recording.current;
  if (record === null) return;
  const stability = unstable.get(call);
  if (stability === "volatile") record.volatile = true;
  else if (stability === "flags") record.usesFlags = true;
}

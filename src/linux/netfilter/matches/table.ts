import type { Match, Matches, Rule } from "../../../model/ruleset.ts";
import type { Family } from "../../../net/address.ts";
import type { CompiledMatch, MatchExtension, MatchTable } from "../extension.ts";
import { addrtype } from "./addrtype.ts";
import { comment } from "./comment.ts";
import { connlimit } from "./connlimit.ts";
import { connmark } from "./connmark.ts";
import { conntrack } from "./conntrack.ts";
import { dccp } from "./dccp.ts";
import { dscp } from "./dscp.ts";
import { hl } from "./hl.ts";
import { icmp } from "./icmp.ts";
import { icmp6 } from "./icmp6.ts";
import { iprange } from "./iprange.ts";
import { ipvs } from "./ipvs.ts";
import { length } from "./length.ts";
import { limit } from "./limit.ts";
import { mac } from "./mac.ts";
import { mark } from "./mark.ts";
import { multiport } from "./multiport.ts";
import { owner } from "./owner.ts";
import { physdev } from "./physdev.ts";
import { pkttype } from "./pkttype.ts";
import { recent } from "./recent.ts";
import { rpfilter } from "./rpfilter.ts";
import { sctp } from "./sctp.ts";
import { set } from "./set.ts";
import { state } from "./state.ts";
import { statistic } from "./statistic.ts";
import { tcp } from "./tcp.ts";
import { tos } from "./tos.ts";
import { ttl } from "./ttl.ts";
import { udp } from "./udp.ts";
import { udplite } from "./udplite.ts";
import { unmodelled } from "./unmodelled.ts";

/** Every match extension; the compiler refuses a name without an entry. */
const table: MatchTable = {
  addrtype,
  comment,
  connlimit,
  connmark,
  conntrack,
  dccp,
  dscp,
  hl,
  icmp,
  icmp6,
  iprange,
  ipvs,
  length,
  limit,
  mac,
  mark,
  multiport,
  owner,
  physdev,
  pkttype,
  recent,
  rpfilter,
  sctp,
  set,
  state,
  statistic,
  tcp,
  tos,
  ttl,
  udp,
  udplite,
  unmodelled,
};

/** The extension of that name; `unmodelled` is not a name that rules can write. */
export function matchExtension<K extends keyof Matches>(name: K): MatchExtension<K> {
  return table[name];
}

/** Narrows a name found in a rule to the extensions podpath models. */
export function isModelledMatch(name: string): name is Exclude<keyof Matches, "unmodelled"> {
  return name !== "unmodelled" && Object.hasOwn(table, name);
}

export function compileMatch<K extends keyof Matches>(
  match: Match<K>,
  rule: Rule,
  family: Family,
): CompiledMatch | readonly CompiledMatch[] {
  return matchExtension<K>(match.name).compile(match.options, rule, family);
}

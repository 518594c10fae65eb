import type { Rule, TargetCall, Targets } from "../../../model/ruleset.ts";
import type { Family } from "../../../net/address.ts";
import type { FixedDnat, TargetExtension, TargetFunction, TargetTable } from "../extension.ts";
import { AUDIT } from "./audit.ts";
import { CHECKSUM } from "./checksum.ts";
import { CLASSIFY } from "./classify.ts";
import { CONNMARK } from "./connmark.ts";
import { CONNSECMARK } from "./connsecmark.ts";
import { CT } from "./ct.ts";
import { DNAT } from "./dnat.ts";
import { DNPT } from "./dnpt.ts";
import { DSCP } from "./dscp.ts";
import { ECN } from "./ecn.ts";
import { HL } from "./hl.ts";
import { HMARK } from "./hmark.ts";
import { IDLETIMER } from "./idletimer.ts";
import { LED } from "./led.ts";
import { LOG } from "./log.ts";
import { MARK } from "./mark.ts";
import { MASQUERADE } from "./masquerade.ts";
import { NETMAP } from "./netmap.ts";
import { NFLOG } from "./nflog.ts";
import { NFQUEUE } from "./nfqueue.ts";
import { nft } from "./nft.ts";
import { NOTRACK } from "./notrack.ts";
import { QUEUE } from "./queue.ts";
import { RATEEST } from "./rateest.ts";
import { REDIRECT } from "./redirect.ts";
import { REJECT } from "./reject.ts";
import { SECMARK } from "./secmark.ts";
import { SET } from "./set.ts";
import { SNAT } from "./snat.ts";
import { SNPT } from "./snpt.ts";
import { SYNPROXY } from "./synproxy.ts";
import { TCPMSS } from "./tcpmss.ts";
import { TCPOPTSTRIP } from "./tcpoptstrip.ts";
import { TEE } from "./tee.ts";
import { TOS } from "./tos.ts";
import { TPROXY } from "./tproxy.ts";
import { TRACE } from "./trace.ts";
import { TTL } from "./ttl.ts";
import { ULOG } from "./ulog.ts";
import { unmodelled } from "./unmodelled.ts";

/** Every target extension; the compiler refuses a name without an entry. */
const table: TargetTable = {
  AUDIT,
  CHECKSUM,
  CLASSIFY,
  CONNMARK,
  CONNSECMARK,
  CT,
  DNAT,
  DNPT,
  DSCP,
  ECN,
  HL,
  HMARK,
  IDLETIMER,
  LED,
  LOG,
  MARK,
  MASQUERADE,
  NETMAP,
  NFLOG,
  NFQUEUE,
  NOTRACK,
  nft,
  QUEUE,
  RATEEST,
  REDIRECT,
  REJECT,
  SECMARK,
  SET,
  SNAT,
  SNPT,
  SYNPROXY,
  TCPMSS,
  TCPOPTSTRIP,
  TEE,
  TOS,
  TPROXY,
  TRACE,
  TTL,
  ULOG,
  unmodelled,
};

const NAMES: ReadonlySet<string> = new Set(Object.keys(table));

export function targetExtension<K extends keyof Targets>(name: K): TargetExtension<K> {
  return table[name];
}

/** Narrows a name found in a rule to the targets podpath models. */
export function isModelledTarget(name: string): name is Exclude<keyof Targets, "nft" | "unmodelled"> {
  return name !== "unmodelled" && name !== "nft" && NAMES.has(name);
}

export function compileTarget<K extends keyof Targets>(
  call: TargetCall<K>,
  rule: Rule,
  family: Family,
): TargetFunction {
  return targetExtension<K>(call.name).compile(call.options, rule, family);
}

/** What stands in a compiled rule instead of a call; null: only a call will do. */
export function targetInstruction<K extends keyof Targets>(call: TargetCall<K>): FixedDnat | null {
  return targetExtension<K>(call.name).instruction?.(call.options) ?? null;
}

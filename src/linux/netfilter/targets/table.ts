import type { Rule, TargetCall, Targets } from "../../../model/ruleset.ts";
import type { Family } from "../../../net/address.ts";
import type { TargetExtension, TargetFunction, TargetTable } from "../extension.ts";
import { CHECKSUM } from "./checksum.ts";
import { CLASSIFY } from "./classify.ts";
import { CONNMARK } from "./connmark.ts";
import { CT } from "./ct.ts";
import { DNAT } from "./dnat.ts";
import { DSCP } from "./dscp.ts";
import { HL } from "./hl.ts";
import { LOG } from "./log.ts";
import { MARK } from "./mark.ts";
import { MASQUERADE } from "./masquerade.ts";
import { NETMAP } from "./netmap.ts";
import { NFLOG } from "./nflog.ts";
import { NFQUEUE } from "./nfqueue.ts";
import { NOTRACK } from "./notrack.ts";
import { REDIRECT } from "./redirect.ts";
import { REJECT } from "./reject.ts";
import { SET } from "./set.ts";
import { SNAT } from "./snat.ts";
import { TCPMSS } from "./tcpmss.ts";
import { TOS } from "./tos.ts";
import { TRACE } from "./trace.ts";
import { TTL } from "./ttl.ts";
import { unmodelled } from "./unmodelled.ts";

/** Every target extension; the compiler refuses a name without an entry. */
const table: TargetTable = {
  CHECKSUM,
  CLASSIFY,
  CONNMARK,
  CT,
  DNAT,
  DSCP,
  HL,
  LOG,
  MARK,
  MASQUERADE,
  NETMAP,
  NFLOG,
  NFQUEUE,
  NOTRACK,
  REDIRECT,
  REJECT,
  SET,
  SNAT,
  TCPMSS,
  TOS,
  TRACE,
  TTL,
  unmodelled,
};

export function targetExtension<K extends keyof Targets>(name: K): TargetExtension<K> {
  return table[name];
}

/** Narrows a name found in a rule to the targets podpath models. */
export function isModelledTarget(name: string): name is Exclude<keyof Targets, "unmodelled"> {
  return name !== "unmodelled" && Object.hasOwn(table, name);
}

export function compileTarget<K extends keyof Targets>(
  call: TargetCall<K>,
  rule: Rule,
  family: Family,
): TargetFunction {
  return targetExtension<K>(call.name).compile(call.options, rule, family);
}

import type { Matches, Rule, TableName, Targets } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { TCP, UDP } from "../../net/protocol.ts";
import { SYN } from "../../net/tcp-flags.ts";
import type { Backend } from "./extension.ts";
import { burstOverflows } from "./matches/limit.ts";
import type { HookName } from "./verdict.ts";

/** Where a rule is used: what a module's own check looks at (`struct xt_mtchk_param`). */
export interface RuleUse {
  readonly table: TableName;
  /** Null for a chain that no hook leads to. */
  hook: HookName | null;
  readonly family: Family;
  readonly backend: Backend;
  rule: Rule;
}

/** What the kernel complains about, or null. Modules that say nothing to the log answer in words of ours. */
type Check<O> = (options: O, use: RuleUse) => string | null;

const INPUT_SIDE: readonly HookName[] = ["PREROUTING", "INPUT"];
const OUTPUT_SIDE: readonly HookName[] = ["OUTPUT", "POSTROUTING"];

function usedFrom(use: RuleUse, hooks: readonly HookName[]): boolean {
  return use.hook !== null && hooks.includes(use.hook);
}

function isProtocol({ rule }: RuleUse, ...numbers: readonly number[]): boolean {
  return rule.protocol !== null && !rule.protocol.invert && numbers.includes(rule.protocol.number);
}

/** `checkentry` of the matches whose options decide where they may stand; each as tried on Linux 6.18, both backends. */
export const MATCH_CHECKS: { readonly [K in keyof Matches]?: Check<Matches[K]> } = {
  addrtype({ limit }, use) {
    if (limit === "in" && usedFrom(use, OUTPUT_SIDE)) {
      return "xt_addrtype: input interface limitation not valid in POSTROUTING and OUTPUT";
    }
    return limit === "out" && usedFrom(use, INPUT_SIDE)
      ? "xt_addrtype: output interface limitation not valid in PREROUTING and INPUT"
      : null;
  },
  devgroup({ source, destination }, use) {
    if (source !== null && usedFrom(use, OUTPUT_SIDE)) return "--src-group is not valid in OUTPUT and POSTROUTING";
    return destination !== null && usedFrom(use, INPUT_SIDE)
      ? "--dst-group is not valid in PREROUTING and INPUT"
      : null;
  },
  limit(options, { backend }) {
    const { period, burst } = options;
    return backend === "legacy" && burstOverflows(options) ? `xt_limit: Overflow, try lower: ${period}/${burst}` : null;
  },
  physdev({ out, isOut, isBridged }, use) {
    const outgoing = out !== null || isOut !== null;
    const bridged = isBridged !== null && !isBridged.invert;
    return outgoing && !bridged && use.hook === "OUTPUT"
      ? "xt_physdev: --physdev-out and --physdev-is-out only supported in the FORWARD and POSTROUTING chains with bridged traffic"
      : null;
  },
  policy({ direction }, use) {
    if (direction === "in" && usedFrom(use, OUTPUT_SIDE)) {
      return "xt_policy: input policy not valid in POSTROUTING and OUTPUT";
    }
    return direction === "out" && usedFrom(use, INPUT_SIDE)
      ? "xt_policy: output policy not valid in PREROUTING and INPUT"
      : null;
  },
  recent: ({ mode, seconds, hitCount }) =>
    (mode === "set" || mode === "remove") && (seconds > 0 || hitCount > 0)
      ? `--seconds and --hitcount do not go with --${mode}`
      : null,
  rpfilter: (_, { table, family }) =>
    table === "raw" || table === "mangle"
      ? null
      : `${family === 6 ? "ip6t" : "ipt"}_rpfilter: only valid in 'raw' or 'mangle' table, not '${table}'`,
};

/** The same of targets. */
export const TARGET_CHECKS: { readonly [K in keyof Targets]?: Check<Targets[K]> } = {
  CONNSECMARK: (_, { table }) => secmarkTable("CONNSECMARK", table),
  REJECT: ({ how }, use) =>
    how !== "tcp-reset" || isProtocol(use, TCP)
      ? null
      : `${use.family === 6 ? "ip6t" : "ipt"}_REJECT: TCP_RESET invalid for non-tcp`,
  SECMARK: (_, { table }) => secmarkTable("SECMARK", table),
  SET({ map }, use) {
    if (map === null) return null;
    if (use.table !== "mangle") return "--map-set only usable from mangle table";
    return (map.priority || map.queue) && usedFrom(use, ["PREROUTING", "INPUT"])
      ? "mapping of prio or/and queue is allowed only from OUTPUT/FORWARD/POSTROUTING chains"
      : null;
  },
  TCPMSS({ mss }, use) {
    if (mss === "pmtu" && usedFrom(use, ["PREROUTING", "INPUT"])) {
      return "xt_TCPMSS: path-MTU clamping only supported in FORWARD, OUTPUT and POSTROUTING hooks";
    }
    // The nft backend gives the kernel no tcp match to look for (nft_compat).
    if (use.backend === "nft") return null;
    const onSyn = use.rule.matches.some(
      (match) => match.name === "tcp" && match.options.flags !== null && selectsSyn(match.options.flags),
    );
    return onSyn ? null : "xt_TCPMSS: Only works on TCP SYN packets";
  },
  TPROXY: (_, use) => (isProtocol(use, TCP, UDP) ? null : "xt_TPROXY: Can be used only with -p tcp or -p udp"),
};

function secmarkTable(target: string, table: TableName): string | null {
  return table === "mangle" || table === "security"
    ? null
    : `xt_${target}: only valid in 'mangle' or 'security' table, not '${table}'`;
}

/** find_syn_match() (net/netfilter/xt_TCPMSS.c): flags that only segments with SYN have. */
function selectsSyn(flags: { readonly compare: number; readonly invert: boolean }): boolean {
  return (flags.compare & SYN) !== 0 && !flags.invert;
}

import type { Match, Matches, Rule, TargetCall, Targets } from "../../model/ruleset.ts";
import { MATCH_CHECKS, type RuleUse, TARGET_CHECKS } from "./extension-checks.ts";
import { MATCH_REGISTRATIONS, type Registration, TARGET_REGISTRATIONS } from "./registrations.ts";
import { HOOK_NAMES, type HookName } from "./verdict.ts";

/** Stable names for why a rule cannot be in the kernel. */
export type RefusalCode =
  | "refused-depth"
  | "refused-family"
  | "refused-hook"
  | "refused-interface"
  | "refused-loop"
  | "refused-options"
  | "refused-protocol"
  | "refused-table"
  | "refused-verdict";

/** Why a rule is not taken: the kernel's or the tool's own words. */
export interface Reason {
  readonly code: RefusalCode;
  readonly complaint: string;
  /** The errno as strerror() has it; null where the tool itself refuses. */
  readonly errno: string | null;
}

/** Why the kernel refuses one of a rule's extensions where it is used; null where it takes them all. */
export function extensionFault(rule: Rule, use: RuleUse): Reason | null {
  for (const match of rule.matches) {
    if (MATCH_REGISTRATIONS[match.name] === undefined && MATCH_CHECKS[match.name] === undefined) continue;
    const reason =
      registrationFault(match.name, "match", MATCH_REGISTRATIONS[match.name], use) ??
      checked(matchComplaint(match, use));
    if (reason !== null) return reason;
  }
  if (rule.target?.kind !== "extension") return null;
  const { call } = rule.target;
  // nft traces by itself, in any table.
  if (call.name === "TRACE" && use.backend === "nft") return null;
  return (
    registrationFault(call.name, "target", TARGET_REGISTRATIONS[call.name], use) ?? checked(targetComplaint(call, use))
  );
}

/**
 * The hooks from which a rule that is fine in itself may not be reached, bit by bit in the order of HOOK_NAMES: what
 * `extensionFault` says of each, without the words. `use.hook` is overwritten.
 */
export function refusedHooks(rule: Rule, use: RuleUse): number {
  let hooks = 0;
  for (const match of rule.matches) {
    hooks |= hooksOutside(MATCH_REGISTRATIONS[match.name]);
    if (MATCH_CHECKS[match.name] !== undefined) hooks |= complainingHooks(use, () => matchComplaint(match, use));
  }
  if (rule.target?.kind !== "extension") return hooks;
  const { call } = rule.target;
  hooks |= hooksOutside(TARGET_REGISTRATIONS[call.name]);
  if (TARGET_CHECKS[call.name] !== undefined) hooks |= complainingHooks(use, () => targetComplaint(call, use));
  return hooks;
}

function hooksOutside(registration: Registration | undefined): number {
  return registration?.hooks === undefined ? 0 : hooksWhere((hook) => registration.hooks?.includes(hook) === false);
}

function complainingHooks(use: RuleUse, complaint: () => string | null): number {
  return hooksWhere((hook) => {
    use.hook = hook;
    return complaint() !== null;
  });
}

function hooksWhere(isRefused: (hook: HookName) => boolean): number {
  let hooks = 0;
  for (let at = 0; at < HOOK_NAMES.length; at++) {
    const hook = HOOK_NAMES[at];
    if (hook !== undefined && isRefused(hook)) hooks |= 1 << at;
  }
  return hooks;
}

function checked(complaint: string | null): Reason | null {
  return complaint === null ? null : { code: "refused-options", complaint, errno: "Invalid argument" };
}

function matchComplaint<K extends keyof Matches>(match: Match<K>, use: RuleUse): string | null {
  const check = MATCH_CHECKS[match.name];
  return check === undefined ? null : check(match.options, use);
}

function targetComplaint<K extends keyof Targets>(call: TargetCall<K>, use: RuleUse): string | null {
  const check = TARGET_CHECKS[call.name];
  return check === undefined ? null : check(call.options, use);
}

/** xt_check_match(), xt_check_target() (net/netfilter/x_tables.c), in their order and words. */
function registrationFault(
  name: string,
  kind: "match" | "target",
  registration: Registration | undefined,
  use: RuleUse,
): Reason | null {
  if (registration === undefined) return null;
  const { table, hooks, protocol, family } = registration;
  if (family !== undefined && family !== use.family) {
    return {
      code: "refused-family",
      complaint: `Couldn't load ${kind} \`${name}':No such file or directory`,
      errno: null,
    };
  }
  const complain = (code: RefusalCode, text: string): Reason => ({
    code,
    complaint: `x_tables: ${use.family === 6 ? "ip6" : "ip"}_tables: ${name} ${kind}: ${text}`,
    errno: "Invalid argument",
  });
  if (table !== undefined && table !== use.table) {
    return complain("refused-table", `only valid in ${table} table, not ${use.table}`);
  }
  if (hooks !== undefined && use.hook !== null && !hooks.includes(use.hook)) {
    const only = kind === "match" ? "valid" : "usable";
    return complain("refused-hook", `used from hooks ${use.hook}, but only ${only} from ${hooks.join("/")}`);
  }
  const written = use.rule.protocol;
  if (protocol === undefined || (written?.number === protocol && !written.invert)) return null;
  // iptables-nft writes a negated protocol and the ports without the extension.
  if (use.backend === "nft" && written?.number === protocol) return null;
  return complain("refused-protocol", `only valid for protocol ${protocol}`);
}

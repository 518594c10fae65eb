import { lengthLimitedID } from "../length-limited-id.ts";
import { type FelixRule, felixRule } from "./felix-rule.ts";

/** The longest `--nflog-prefix`, without the closing NUL. */
const LONGEST_PREFIX = 63;

/** Characters that a prefix which is too long keeps at either end. */
const KEPT = 10;

export type Direction = "ingress" | "egress";

/** Whose rule it is: a policy's or a profile's. */
export type LoggedOwner = "policy" | "profile";

const DIRECTIONS = { ingress: "I", egress: "E" } as const;
const OWNERS = { policy: "P", profile: "R" } as const;
const ACTIONS = { allow: "A", deny: "D", pass: "P" } as const;

/** `API0|default/np` (felix/rules/nflog.go, CalculateNFLOGPrefixStr). */
export function rulePrefix(
  action: keyof typeof ACTIONS,
  owner: LoggedOwner,
  direction: Direction,
  index: number,
  id: string,
): string {
  return limited(`${ACTIONS[action]}${OWNERS[owner]}${DIRECTIONS[direction]}${index}|${id}`);
}

/** Of the end of a tier, where nothing decided: `DPI|default`. */
export function tierPrefix(action: "deny" | "pass", direction: Direction, tier: string): string {
  return limited(`${ACTIONS[action]}P${DIRECTIONS[direction]}|${tier}`);
}

/** Where no profile decided: `DRI`. */
export function profilePrefix(direction: Direction): string {
  return `DR${DIRECTIONS[direction]}`;
}

function limited(prefix: string): string {
  if (prefix.length < LONGEST_PREFIX) return prefix;
  const hash = lengthLimitedID("", prefix, LONGEST_PREFIX - 2 * KEPT - 1);
  return `${prefix.slice(0, KEPT)}${hash}_${prefix.slice(-KEPT)}`;
}

/** A rule that copies packets to Felix's collector: groups 1 and 2 (felix/iptables/actions.go, NflogAction). */
export function nflogRule(match: string, direction: Direction, prefix: string): FelixRule {
  const group = direction === "ingress" ? 1 : 2;
  return felixRule(match, `--jump NFLOG --nflog-group ${group} --nflog-prefix ${prefix} --nflog-size 80`);
}

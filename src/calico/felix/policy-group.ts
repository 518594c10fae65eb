import { sha3_224 } from "@noble/hashes/sha3.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { base64url } from "../base64url.ts";
import { LONGEST_CHAIN_NAME } from "../length-limited-id.ts";
import { commentedRule, type FelixChain, felixRule } from "./felix-rule.ts";
import { type FelixBand, type FelixSettings, isSince } from "./felix-settings.ts";
import { formatMark } from "./mark-bits.ts";
import { unmarked } from "./mark-rules.ts";
import { type PolicyKey, policyChainName } from "./policy-chain-names.ts";

/** Policies of one tier and direction that follow each other and choose by the same selector. */
export interface PolicyGroup {
  readonly tier: string;
  readonly selector: string;
  readonly direction: "ingress" | "egress";
  /** In order, without staged ones. */
  readonly policies: readonly PolicyKey[];
}

/** Every so many jumps the group asks whether a policy has decided. */
const RETURN_STRIDE = 5;

function storedName({ namespace, name }: PolicyKey): string {
  return namespace === null ? name : `${namespace}/${name}`;
}

function printedKey({ kind, namespace, name }: PolicyKey): string {
  return `{Name: ${name}, Namespace: ${namespace ?? ""}, Kind: ${kind}}`;
}

function groupChainName(group: PolicyGroup, band: FelixBand): string {
  const prefix = group.direction === "ingress" ? "cali-gi-" : "cali-go-";
  const word = group.direction === "ingress" ? "inbound" : "outbound";
  const lines = isSince(band, "v3.32")
    ? [group.selector, word, `${group.policies.length}`, ...group.policies.map(printedKey)]
    : [group.tier, group.selector, word, `${group.policies.length}`, ...group.policies.map(storedName)];
  const hash = base64url(sha3_224(utf8ToBytes(lines.map((line) => `${line}\n`).join(""))));
  return prefix + hash.slice(0, LONGEST_CHAIN_NAME - prefix.length);
}

/** The chain of a group (felix/rules/endpoints.go, PolicyGroupToIptablesChains). */
function groupChain(group: PolicyGroup, settings: FelixSettings): FelixChain {
  const verdict = (settings.marks.accept | settings.marks.pass) >>> 0;
  const rules = group.policies.flatMap((policy, i) => {
    const jump = `--jump ${policyChainName(group.direction, policy, settings.band)}`;
    const origin = policy.origin === undefined ? {} : { origin: policy.origin };
    if (i % RETURN_STRIDE !== 0) return [{ ...felixRule(unmarked(verdict), jump), ...origin }];
    const always = { ...felixRule("", jump), ...origin };
    const decided = commentedRule("Return on verdict", `-m mark ! --mark 0/${formatMark(verdict)}`, "--jump RETURN");
    return i === 0 ? [always] : [decided, always];
  });
  return { name: groupChainName(group, settings.band), rules };
}

/** Where an endpoint's chain jumps to for a group, and the group's own chain: a single policy needs none. */
export function groupTargets(
  group: PolicyGroup,
  settings: FelixSettings,
): { readonly chains: readonly string[]; readonly own: FelixChain | null } {
  if (group.policies.length > 1) {
    const own = groupChain(group, settings);
    return { chains: [own.name], own };
  }
  return { chains: group.policies.map((policy) => policyChainName(group.direction, policy, settings.band)), own: null };
}

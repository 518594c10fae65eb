import type { Family } from "../../net/address.ts";
import { type KnownChains, knownChains } from "../calico-rules/known-chains.ts";
import type { KnownRoutes } from "../ip/known-routes.ts";
import { type KnownRules, knownRules } from "../iptables/known-rules.ts";

/** What the machines of a snapshot say in the same words, and is read once. */
export interface KnownTexts {
  readonly rules: KnownRules;
  readonly chains: KnownChains;
  readonly routes: { readonly [F in Family]: KnownRoutes };
}

export function knownTexts(): KnownTexts {
  return { rules: knownRules(), chains: knownChains(), routes: { 4: new Map(), 6: new Map() } };
}

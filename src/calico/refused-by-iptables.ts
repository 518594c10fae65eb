import { type FelixBand, isSince } from "./felix/felix-settings.ts";
import type { CalicoRule } from "./network-policy.ts";

const EVERYTHING = ["0.0.0.0/0", "::/0"];

/**
 * Why iptables does not take what Felix makes of a rule, which keeps Felix from programming anything at all; null where it
 * does. iptables 1.8.9 on Linux 6.18 was asked.
 */
export function refusedByIptables(rule: CalicoRule, band: FelixBand): string | null {
  if (rule.protocol !== null && rule.notProtocol !== null)
    return "has protocol and notProtocol: iptables refuses a second -p.";
  const excluded = [...rule.source.notNets, ...rule.destination.notNets];
  // newer releases leave such a rule out
  if (isSince(band, "v3.32") || !excluded.some((net) => EVERYTHING.includes(net))) return null;
  return "excludes every address: iptables-nft refuses that, iptables-legacy takes it.";
}

import { type FelixSettings, isSince } from "./felix-settings.ts";
import { ipSetName } from "./ip-set-names.ts";

/** The set of every pool's CIDR, under the name of the release. */
export function allPoolsSet(settings: FelixSettings): string {
  return ipSetName(isSince(settings.band, "v3.32.1") ? "network-ip-pools" : "all-ipam-pools", settings.family);
}

/** `-m set --match-set cali40all-hosts-net src`. */
export function matchSet(name: string, direction: "src" | "dst", negated = false): string {
  return `-m set ${negated ? "! " : ""}--match-set ${name} ${direction}`;
}

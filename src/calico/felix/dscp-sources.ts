import type { Pod } from "../../kubernetes/pod.ts";
import { type Family, formatAddress } from "../../net/address.ts";
import type { DscpSource } from "./felix-settings.ts";

/** Values by the names that api/pkg/lib/numorstring takes for them (RFC 4594). */
const NAMES: ReadonlyMap<string, number> = new Map([
  ["DF", 0],
  ["EF", 46],
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((n) => [`CS${n}`, n * 8] as const),
  ...[1, 2, 3, 4].flatMap((n) => [1, 2, 3].map((drop) => [`AF${n}${drop}`, n * 8 + drop * 2] as const)),
]);

const HIGHEST_DSCP = 63;

/** A DSCP value as Calico takes it: a number or a name in any case; null for others. */
export function dscpValue(written: string): number | null {
  const value = NAMES.get(written.toUpperCase()) ?? (/^\d{1,2}$/.test(written) ? Number(written) : null);
  return value === null || value > HIGHEST_DSCP ? null : value;
}

/** The pods of a node that ask for a DSCP value, by annotation (felix/dataplane/linux/dscp_mgr.go). */
export function dscpSources(pods: readonly Pod[], family: Family): readonly DscpSource[] {
  return pods.flatMap((pod) => {
    const written = pod.metadata.annotations.get("qos.projectcalico.org/dscp");
    if (written === undefined) return [];
    const own = pod.podIPs.filter((address) => address.family === family);
    if (own.length === 0) return [];
    const value = dscpValue(written);
    return value === null ? [] : [{ source: own.map(formatAddress).join(","), value }];
  });
}

import { type Address, type Family, formatAddress, isLoopback, parseAddress } from "../../net/address.ts";
import { hostPrefix, type Prefix, prefixContains } from "../../net/prefix.ts";
import type { KubeProxySettings } from "../cluster-settings.ts";
import { comment } from "./rule-text.ts";

const SAID = comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain");

/** Where node ports answer on a node (`pkg/proxy/util/nodeport_addresses.go`); null stands for all addresses. */
export function nodePortRanges(
  settings: KubeProxySettings,
  family: Family,
  primary: readonly Address[],
): readonly Prefix[] | null {
  const ranges = settings.nodePortAddresses
    .flatMap((range) => (range === "primary" ? primary.map(hostPrefix) : [range]))
    .filter(({ address }) => address.family === family);
  return ranges.length === 0 || ranges.some(({ length }) => length === 0) ? null : ranges;
}

const LOOPBACK = parseAddress("127.0.0.0");

/** True where 127.0.0.1 may answer on node ports: kube-proxy sets route_localnet then. */
export function answersOnLocalhost(settings: KubeProxySettings, ranges: readonly Prefix[] | null): boolean {
  if (!settings.localhostNodePorts) return false;
  if (ranges === null) return true;
  return ranges.some((range) => isLoopback(range.address) || (LOOPBACK !== null && prefixContains(range, LOOPBACK)));
}

/** The last rules of nat's KUBE-SERVICES. `addresses`: all of the node's. */
export function nodePortJumps(
  family: Family,
  ranges: readonly Prefix[] | null,
  onLocalhost: boolean,
  addresses: readonly Address[],
): readonly string[] {
  if (ranges === null) {
    const except = family === 6 ? " ! -d ::1/128" : onLocalhost ? "" : " ! -d 127.0.0.0/8";
    return [`${SAID} -m addrtype --dst-type LOCAL${except} -j KUBE-NODEPORTS`];
  }
  const matching = ranges.flatMap((range) => addresses.filter((address) => prefixContains(range, address)));
  const usable = matching.filter((address) => !isLoopback(address) || (family === 4 && onLocalhost));
  return [...new Set(usable.map(formatAddress))].map((address) => `${SAID} -d ${address} -j KUBE-NODEPORTS`);
}

import { type Address, type Family, formatAddress, parseAddress } from "../../net/address.ts";
import { type Prefix, parsePrefix } from "../../net/prefix.ts";
import type { IPPool } from "../ip-pool.ts";

/** What a pod asks of IPAM (cni-plugin/pkg/k8s/k8s.go, CmdAddK8s), or why the CNI plugin refuses, in its words. */
export type PodRequest =
  | { readonly kind: "automatic"; readonly families: readonly { family: Family; pools: readonly Prefix[] | null }[] }
  /** `cni.projectcalico.org/ipAddrs`. */
  | { readonly kind: "addresses"; readonly addresses: readonly Address[] }
  /** `cni.projectcalico.org/ipAddrsNoIpam`: nobody writes down who has them. */
  | { readonly kind: "unmanaged"; readonly addresses: readonly Address[] }
  | { readonly kind: "refused"; readonly error: string };

/** How the CNI plugin is configured, as far as addresses go. */
export interface AddressConfig {
  readonly assignIPv4: boolean;
  readonly assignIPv6: boolean;
  /** `feature_control.ip_addrs_no_ipam`. */
  readonly allowsNoIpam: boolean;
  /** `feature_control.floating_ips`. */
  readonly allowsFloatingIPs: boolean;
}

const PREFIX = "cni.projectcalico.org/";

/** A JSON list of strings; null for anything else. */
function textList(written: string): readonly string[] | null {
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    return null;
  }
  return Array.isArray(value) && value.every((element) => typeof element === "string") ? value : null;
}

function refused(error: string): PodRequest {
  return { kind: "refused", error };
}

/** At most one address of each family; else the reason in the plugin's words. */
function addressList(written: string, annotation: string): readonly Address[] | string {
  const texts = textList(written);
  if (texts === null) return `failed to parse '${written}' as JSON: a list of strings is expected`;
  const addresses: Address[] = [];
  for (const text of texts) {
    const address = parseAddress(text);
    if (address === null) return `failed to parse IP address ${text} in annotation "${annotation}"`;
    if (addresses.some(({ family }) => family === address.family))
      return `cannot have more than one IPv${address.family} address for "${annotation}" annotation`;
    addresses.push(address);
  }
  return addresses.length > 0 ? addresses : `annotation "${annotation}" specified but empty`;
}

/** @param pod annotations of the pod; those of its namespace stand in for some that it does not have */
export function podRequest(
  pod: ReadonlyMap<string, string>,
  namespace: ReadonlyMap<string, string>,
  pools: readonly IPPool[],
  config: AddressConfig,
): PodRequest {
  const own = (key: string): string => pod.get(PREFIX + key) ?? "";
  const inherited = (key: string): string => own(key) || (namespace.get(PREFIX + key) ?? "");
  if (own("floatingIPs") !== "" && !config.allowsFloatingIPs)
    return refused("requested feature is not enabled: floating_ips");
  const [chosen, unmanaged] = [own("ipAddrs"), own("ipAddrsNoIpam")];
  if (chosen !== "" && unmanaged !== "")
    return refused("can't have both annotations: 'ipAddrs' and 'ipAddrsNoIpam' in use at the same time");
  if (unmanaged !== "") {
    if (!config.allowsNoIpam) return refused("requested feature is not enabled: ip_addrs_no_ipam");
    const addresses = addressList(unmanaged, `${PREFIX}ipAddrsNoIpam`);
    return typeof addresses === "string" ? refused(addresses) : { kind: "unmanaged", addresses };
  }
  if (chosen !== "") {
    const addresses = addressList(chosen, `${PREFIX}ipAddrs`);
    return typeof addresses === "string" ? refused(addresses) : { kind: "addresses", addresses };
  }

  let wanted: Readonly<Record<Family, boolean>> = { 4: config.assignIPv4, 6: config.assignIPv6 };
  const families = inherited("ipFamilies");
  if (families !== "") {
    const list = textList(families);
    if (list === null || list.some((family) => family !== "IPv4" && family !== "IPv6"))
      return refused(`error parsing ipFamilies: ${families}`);
    wanted = { 4: list.includes("IPv4"), 6: list.includes("IPv6") };
  }
  const requests: { family: Family; pools: readonly Prefix[] | null }[] = [];
  for (const family of [4, 6] as const) {
    const written = inherited(`ipv${family}pools`);
    const names = written === "" ? [] : textList(written);
    if (names === null) return refused(`error parsing IPv${family} IPPools: ${written}`);
    const cidrs: Prefix[] = [];
    for (const name of names) {
      const cidr = cidrOf(name, pools);
      if (cidr === null) return refused(`error parsing pool "${name}": invalid CIDR address: ${name}`);
      if (cidr.address.family !== family)
        return refused(`"${formatAddress(cidr.address)}" isn't a IPv${family} address`);
      cidrs.push(cidr);
    }
    if (wanted[family]) requests.push({ family, pools: cidrs.length > 0 ? cidrs : null });
  }
  return { kind: "automatic", families: requests };
}

/** A CIDR as it is written, or that of the pool of this name (cni-plugin/internal/pkg/utils, ResolvePools). */
function cidrOf(name: string, pools: readonly IPPool[]): Prefix | null {
  if (name.includes("/")) return parsePrefix(name);
  return pools.find(({ metadata }) => metadata.name === name)?.cidr ?? null;
}

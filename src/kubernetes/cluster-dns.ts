import { type Address, formatAddress, parseAddress } from "../net/address.ts";
import { formatProtocol } from "../net/protocol.ts";
import type { EndpointSlice, SliceEndpoint } from "./endpoint-slice.ts";
import type { EndpointSlices } from "./endpoint-slices-of.ts";
import type { Service } from "./service.ts";

export type DnsType = "A" | "AAAA" | "SRV" | "PTR" | "CNAME";

/** One resource record of an answer; names end without a dot. */
export interface DnsRecord {
  readonly name: string;
  readonly type: DnsType;
  /** An address, `0 100 80 web.shop.svc.cluster.local`, or a name. */
  readonly data: string;
}

export interface DnsAnswer {
  /** NOERROR without records: the name exists, but has none of the type. REFUSED: none of the cluster's names. */
  readonly code: "NOERROR" | "NXDOMAIN" | "REFUSED";
  readonly records: readonly DnsRecord[];
}

/** What a cluster's DNS answers from. */
export interface DnsZone {
  readonly services: ReadonlyMap<string, Service>;
  readonly slices: EndpointSlices;
  /** `cluster.local`, without a dot at its end. */
  readonly domain: string;
  /** Addresses that a PTR query is about, where no slice names the endpoint: CoreDNS `pods insecure` answers for any. */
  readonly podNames: boolean;
}

const NX: DnsAnswer = { code: "NXDOMAIN", records: [] };

/**
 * Answers a query for a whole name as CoreDNS's plugin kubernetes does by the specification (kubernetes/dns,
 * docs/specification.md 1.1.0); search lists are the resolver's. Names of other domains are REFUSED: whoever is asked
 * next is not part of the cluster.
 */
export function answerClusterDns(zone: DnsZone, name: string, type: DnsType): DnsAnswer {
  const asked = name.toLowerCase().replace(/\.$/, "");
  if (asked.endsWith(".in-addr.arpa") || asked.endsWith(".ip6.arpa")) return reverse(zone, asked, type);
  const suffix = `.${zone.domain.toLowerCase()}`;
  if (!asked.endsWith(suffix)) {
    return { code: asked === zone.domain.toLowerCase() ? "NOERROR" : "REFUSED", records: [] };
  }
  const labels = asked.slice(0, -suffix.length).split(".");
  const kind = labels.at(-1);
  if (kind === "svc") return service(zone, asked, labels.slice(0, -1), type);
  if (kind === "pod") return pod(zone, asked, labels.slice(0, -1), type);
  return NX;
}

function service(zone: DnsZone, asked: string, labels: readonly string[], type: DnsType): DnsAnswer {
  const [name, namespace] = labels.slice(-2);
  if (namespace === undefined || name === undefined) {
    // a namespace exists as a name of its own while something is in it
    const exists = name === undefined || [...zone.services.values()].some((one) => namespaceOf(one) === name);
    return exists ? { code: "NOERROR", records: [] } : NX;
  }
  const found = zone.services.get(`${namespace}/${name}`);
  if (found === undefined) return NX;
  const rest = labels.slice(0, -2);
  if (rest.length === 0) return ofService(zone, asked, found, type);
  const [first = "", second] = rest;
  if (rest.length === 2 && first.startsWith("_") && second?.startsWith("_")) {
    return ports(zone, asked, found, first.slice(1), second.slice(1), type);
  }
  return rest.length === 1 && isHeadless(found) ? ofEndpoint(zone, asked, found, first, type) : NX;
}

function isHeadless(one: Service): boolean {
  return one.type !== "ExternalName" && one.clusterIPs.length === 0;
}

function ofService(zone: DnsZone, asked: string, found: Service, type: DnsType): DnsAnswer {
  if (found.type === "ExternalName") {
    const alias = { name: asked, type: "CNAME" as const, data: (found.externalName ?? "").replace(/\.$/, "") };
    return { code: "NOERROR", records: alias.data === "" ? [] : [alias] };
  }
  if (type === "SRV") return { code: "NOERROR", records: portRecords(zone, asked, found, null, null) };
  const addresses = isHeadless(found)
    ? usable(zone, found).flatMap(({ endpoint }) => endpoint.addresses)
    : found.clusterIPs;
  return isHeadless(found) && addresses.length === 0 ? NX : addressAnswer(asked, addresses, type);
}

function addressAnswer(asked: string, addresses: readonly Address[], type: DnsType): DnsAnswer {
  const family = type === "A" ? 4 : type === "AAAA" ? 6 : null;
  const ofType = addresses.filter((one) => one.family === family).map(formatAddress);
  return { code: "NOERROR", records: [...new Set(ofType)].map((data) => ({ name: asked, type, data })) };
}

interface Usable {
  readonly endpoint: SliceEndpoint;
  readonly slice: EndpointSlice;
}

function usable(zone: DnsZone, one: Service): readonly Usable[] {
  return (zone.slices.get(`${namespaceOf(one)}/${one.metadata.name}`) ?? []).flatMap((slice) =>
    slice.endpoints.filter(({ ready }) => ready).map((endpoint) => ({ endpoint, slice })),
  );
}

/** The endpoint's hostname; else its address with dashes. */
function endpointLabel({ hostname, addresses }: SliceEndpoint): string {
  const [address] = addresses;
  return hostname ?? (address === undefined ? "" : dashed(address));
}

function dashed(address: Address): string {
  return formatAddress(address).replaceAll(/[.:]/g, "-");
}

function ofEndpoint(zone: DnsZone, asked: string, found: Service, label: string, type: DnsType): DnsAnswer {
  const named = usable(zone, found).filter(({ endpoint }) => endpointLabel(endpoint).toLowerCase() === label);
  if (named.length === 0) return NX;
  return addressAnswer(
    asked,
    named.flatMap(({ endpoint }) => endpoint.addresses),
    type,
  );
}

function ports(zone: DnsZone, asked: string, found: Service, port: string, protocol: string, type: DnsType): DnsAnswer {
  const records = portRecords(zone, asked, found, port, protocol);
  if (records.length === 0) return NX;
  return { code: "NOERROR", records: type === "SRV" ? records : [] };
}

function portRecords(
  zone: DnsZone,
  asked: string,
  found: Service,
  name: string | null,
  protocol: string | null,
): readonly DnsRecord[] {
  const base = `${found.metadata.name}.${namespaceOf(found)}.svc.${zone.domain}`;
  const matches = (one: { readonly name: string; readonly protocol: number }): boolean =>
    (name === null || one.name === name) && (protocol === null || formatProtocol(one.protocol) === protocol);
  const targets = isHeadless(found)
    ? usable(zone, found).flatMap(({ endpoint, slice }) =>
        slice.ports
          .filter((one) => matches(one) && one.port !== null)
          .map(({ port }) => ({ port, target: `${endpointLabel(endpoint)}.${base}` })),
      )
    : found.ports.filter(matches).map(({ port }) => ({ port, target: base }));
  const weight = Math.max(1, Math.floor(100 / Math.max(targets.length, 1)));
  return targets.map(({ port, target }) => ({ name: asked, type: "SRV", data: `0 ${weight} ${port} ${target}` }));
}

/** `10-1-2-3.shop.pod.cluster.local`: the address is in the name; whether a pod has it is not asked. */
function pod(zone: DnsZone, asked: string, labels: readonly string[], type: DnsType): DnsAnswer {
  const [label = "", namespace] = labels;
  if (!zone.podNames || labels.length !== 2 || namespace === undefined) return NX;
  const address = parseAddress(
    /^\d+-\d+-\d+-\d+$/.test(label) ? label.replaceAll("-", ".") : label.replaceAll("-", ":"),
  );
  return address === null ? NX : addressAnswer(asked, [address], type);
}

function namespaceOf(one: Service): string {
  return one.metadata.namespace ?? "default";
}

/** Cluster addresses have the Service's name, endpoints of headless Services their own. */
function reverse(zone: DnsZone, asked: string, type: DnsType): DnsAnswer {
  const address = addressOfReverse(asked);
  if (address === null) return NX;
  const text = formatAddress(address);
  const names: string[] = [];
  for (const one of zone.services.values()) {
    const base = `${one.metadata.name}.${namespaceOf(one)}.svc.${zone.domain}`;
    if (one.clusterIPs.some((own) => formatAddress(own) === text)) names.push(base);
    else if (isHeadless(one)) {
      for (const { endpoint } of usable(zone, one)) {
        if (endpoint.addresses.some((own) => formatAddress(own) === text))
          names.push(`${endpointLabel(endpoint)}.${base}`);
      }
    }
  }
  if (names.length === 0) return { code: "REFUSED", records: [] };
  return { code: "NOERROR", records: type === "PTR" ? names.map((data) => ({ name: asked, type, data })) : [] };
}

function addressOfReverse(name: string): Address | null {
  if (name.endsWith(".in-addr.arpa")) {
    return parseAddress(name.slice(0, -".in-addr.arpa".length).split(".").reverse().join("."));
  }
  const digits = name.slice(0, -".ip6.arpa".length).split(".").reverse().join("");
  return digits.length === 32 ? parseAddress((digits.match(/.{4}/g) ?? []).join(":")) : null;
}

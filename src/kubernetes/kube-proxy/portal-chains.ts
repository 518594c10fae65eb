import { lazyChain } from "../../model/lazy-chain.ts";
import type { Origin } from "../../model/origin.ts";
import type { RestoreChain, RestoreRule } from "../../model/restore-table.ts";
import { formatPrefix } from "../../net/prefix.ts";
import type { UsableEndpoints } from "./categorise-endpoints.ts";
import { serviceChainName } from "./chain-names.ts";
import type { LocalTraffic } from "./local-traffic.ts";
import type { FieldOrigin } from "./portal-rules.ts";
import type { PortalState } from "./portal-state.ts";
import { comment, toPort } from "./rule-text.ts";
import type { ProxyEndpoint, ServicePortal } from "./service-portal.ts";

/** What is equal for all service ports of a node. */
export interface PortalSettings {
  readonly masqueradeAll: boolean;
  readonly local: LocalTraffic | null;
  /** More than a thousand endpoints: rules about them go without comments. */
  readonly isLarge: boolean;
}

/** Finds a chain that was made before under this key, else makes it: chains that are equal are one. */
export type ShareChain = (key: string, make: () => RestoreChain) => RestoreChain;

export interface PortalOrigins {
  readonly service: FieldOrigin;
  readonly endpoint: (endpoint: ProxyEndpoint) => Origin;
}

/** The chains in nat that a service port has for itself. `nodeIPInRanges`: the node's own address is a permitted source. */
export function portalChains(
  portal: ServicePortal,
  usable: UsableEndpoints,
  state: PortalState,
  nodeIPInRanges: boolean,
  settings: PortalSettings,
  origins: PortalOrigins,
  share: ShareChain,
): readonly RestoreChain[] {
  const { name, protocol } = portal;
  const chains: RestoreChain[] = [];
  const local = settings.local?.ifLocal ?? "";
  if (state.hasEndpoints && portal.external) {
    const key = `EXT ${state.hasExternal} ${local}`;
    const chain = serviceChainName("EXT", name, protocol);
    chains.push(share(key, () => lazyChain(chain, () => externalRules(portal, state, settings, origins.service))));
  }
  if (state.usesFirewall) {
    const chain = serviceChainName("FW", name, protocol);
    chains.push(
      share(`FW ${nodeIPInRanges}`, () =>
        lazyChain(chain, () => firewallRules(portal, nodeIPInRanges, origins.service)),
      ),
    );
  }
  for (const [kind, endpoints, key] of [
    ["SVC", usable.cluster, usable.clusterKey],
    ["SVL", usable.local, usable.local.map(({ target }) => target).join(" ")],
  ] as const) {
    if (endpoints.length === 0) continue;
    const chain = serviceChainName(kind, name, protocol);
    const isInternal = state.hasInternal && portal.internalLocal === (kind === "SVL");
    const write = (): readonly RestoreRule[] => [
      ...(isInternal ? internalRules(portal, settings, origins.service) : []),
      ...endpointRules(portal, endpoints, settings, origins),
    ];
    chains.push(share(`${kind} ${key} ${isInternal ? local : ""}`, () => lazyChain(chain, write)));
  }
  for (const endpoint of reachable(usable)) {
    const write = (): readonly RestoreRule[] => destinationRules(portal, endpoint, settings, origins);
    chains.push(share(`SEP ${endpoint.target}`, () => lazyChain(endpoint.chain, write)));
  }
  return chains;
}

function reachable({ cluster, local }: UsableEndpoints): readonly ProxyEndpoint[] {
  if (local.length === 0) return cluster;
  return cluster.length === 0 ? local : [...new Set([...cluster, ...local])];
}

function internalRules(
  portal: ServicePortal,
  { masqueradeAll, local }: PortalSettings,
  originOf: FieldOrigin,
): readonly RestoreRule[] {
  if (!masqueradeAll && local === null) return [];
  const match = `${comment(`${portal.name} cluster IP`)} ${toPort(portal.protocol, portal.clusterIP, portal.servicePort.port)}`;
  const source = masqueradeAll || local === null ? "" : ` ${local.ifNotLocal}`;
  return [{ text: `${match}${source} -j KUBE-MARK-MASQ`, origin: originOf("spec.clusterIP") }];
}

function externalRules(
  portal: ServicePortal,
  state: PortalState,
  { local }: PortalSettings,
  originOf: FieldOrigin,
): readonly RestoreRule[] {
  const { name, protocol } = portal;
  const destinations = `for ${name} external destinations`;
  const cluster = serviceChainName("SVC", name, protocol);
  const texts: string[] = [];
  if (portal.externalLocal) {
    if (local !== null) texts.push(`${comment(`pod traffic ${destinations}`)} ${local.ifLocal} -j ${cluster}`);
    const fromNode = "-m addrtype --src-type LOCAL";
    texts.push(`${comment(`masquerade LOCAL traffic ${destinations}`)} ${fromNode} -j KUBE-MARK-MASQ`);
    texts.push(`${comment(`route LOCAL traffic ${destinations}`)} ${fromNode} -j ${cluster}`);
  } else texts.push(`${comment(`masquerade traffic ${destinations}`)} -j KUBE-MARK-MASQ`);
  if (state.hasExternal) {
    texts.push(`-j ${serviceChainName(portal.externalLocal ? "SVL" : "SVC", name, protocol)}`);
  }
  const origin = originOf("spec.externalTrafficPolicy");
  return texts.map((text) => ({ text, origin }));
}

function firewallRules(portal: ServicePortal, nodeIPInRanges: boolean, originOf: FieldOrigin): readonly RestoreRule[] {
  const { name, protocol } = portal;
  const target = serviceChainName("EXT", name, protocol);
  const said = comment(`${name} loadbalancer IP`);
  // a request of the node to the balancer's address may loop back with that address as its source
  const looping = nodeIPInRanges ? portal.loadBalancerVIPs : [];
  const texts = [
    ...portal.sourceRanges.map((range) => `${said} -s ${formatPrefix(range)} -j ${target}`),
    ...looping.map((address) => `${said} -s ${address} -j ${target}`),
    comment(`other traffic to ${name} will be dropped by KUBE-PROXY-FIREWALL`),
  ];
  const origin = originOf("spec.loadBalancerSourceRanges");
  return texts.map((text) => ({ text, origin }));
}

function endpointRules(
  portal: ServicePortal,
  endpoints: readonly ProxyEndpoint[],
  { isLarge }: PortalSettings,
  origins: PortalOrigins,
): readonly RestoreRule[] {
  const rules: RestoreRule[] = [];
  const said = ({ target }: ProxyEndpoint): string => (isLarge ? "" : `${comment(`${portal.name} -> ${target}`)} `);
  const seconds = portal.service.sessionAffinitySeconds;
  if (seconds !== null) {
    const origin = origins.service("spec.sessionAffinity");
    for (const endpoint of endpoints) {
      const recent = `-m recent --name ${endpoint.chain} --rcheck --seconds ${seconds} --reap`;
      rules.push({ text: `${said(endpoint)}${recent} -j ${endpoint.chain}`, origin });
    }
  }
  endpoints.forEach((endpoint, i) => {
    const left = endpoints.length - i;
    const chance = left > 1 ? `-m statistic --mode random --probability ${(1 / left).toFixed(10)} ` : "";
    rules.push({ text: `${said(endpoint)}${chance}-j ${endpoint.chain}`, origin: origins.endpoint(endpoint) });
  });
  return rules;
}

function destinationRules(
  portal: ServicePortal,
  endpoint: ProxyEndpoint,
  { isLarge }: PortalSettings,
  origins: PortalOrigins,
): readonly RestoreRule[] {
  const said = isLarge ? "" : `-m comment --comment ${portal.name} `;
  const origin = origins.endpoint(endpoint);
  const remember = portal.service.sessionAffinitySeconds === null ? "" : `-m recent --name ${endpoint.chain} --set `;
  const to = `-m ${portal.protocol} -p ${portal.protocol} -j DNAT --to-destination ${endpoint.target}`;
  return [
    { text: `${said}-s ${endpoint.ip} -j KUBE-MARK-MASQ`, origin },
    { text: `${said}${remember}${to}`, origin },
  ];
}

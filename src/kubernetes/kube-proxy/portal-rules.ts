import type { Origin } from "../../model/origin.ts";
import type { RestoreRule } from "../../model/restore-table.ts";
import { serviceChainName } from "./chain-names.ts";
import type { PortalState } from "./portal-state.ts";
import { comment, toPort } from "./rule-text.ts";
import type { ServicePortal } from "./service-portal.ts";

/** The rules of one service port in the chains that all share. */
export interface PortalRules {
  readonly natServices: readonly RestoreRule[];
  readonly natNodePorts: readonly RestoreRule[];
  readonly filterServices: readonly RestoreRule[];
  readonly filterExternal: readonly RestoreRule[];
  readonly filterFirewall: readonly RestoreRule[];
  readonly filterNodePorts: readonly RestoreRule[];
}

export type FieldOrigin = (field: string) => Origin;

/** @param originOf the origin of a field of the Service */
export function portalRules(portal: ServicePortal, state: PortalState, originOf: FieldOrigin): PortalRules {
  const { name, protocol, servicePort, index } = portal;
  const { hasEndpoints, hasInternal, hasExternal } = state;
  const port = servicePort.port;
  const chain = (kind: "SVC" | "SVL" | "EXT" | "FW"): string => serviceChainName(kind, name, protocol);
  const rules = {
    natServices: [] as RestoreRule[],
    natNodePorts: [] as RestoreRule[],
    filterServices: [] as RestoreRule[],
    filterExternal: [] as RestoreRule[],
    filterFirewall: [] as RestoreRule[],
    filterNodePorts: [] as RestoreRule[],
  };
  const write = (list: RestoreRule[], field: string, text: string): void => {
    list.push({ text, origin: originOf(field) });
  };
  const refusal = hasEndpoints
    ? { said: comment(`${name} has no local endpoints`), target: "DROP" }
    : { said: comment(`${name} has no endpoints`), target: "REJECT" };

  const atClusterIP = toPort(protocol, portal.clusterIP, port);
  if (hasInternal) {
    const target = chain(portal.internalLocal ? "SVL" : "SVC");
    write(rules.natServices, "spec.clusterIP", `${comment(`${name} cluster IP`)} ${atClusterIP} -j ${target}`);
  } else write(rules.filterServices, "spec.clusterIP", `${refusal.said} ${atClusterIP} -j ${refusal.target}`);

  portal.externalIPs.forEach((address, i) => {
    const match = toPort(protocol, address, port);
    const field = `spec.externalIPs[${i}]`;
    if (hasEndpoints) {
      write(rules.natServices, field, `${comment(`${name} external IP`)} ${match} -j ${chain("EXT")}`);
    }
    if (!hasExternal) write(rules.filterExternal, field, `${refusal.said} ${match} -j ${refusal.target}`);
  });

  portal.loadBalancerVIPs.forEach((address, i) => {
    const match = toPort(protocol, address, port);
    const field = `status.loadBalancer.ingress[${i}]`;
    if (hasEndpoints) {
      const target = chain(state.usesFirewall ? "FW" : "EXT");
      write(rules.natServices, field, `${comment(`${name} loadbalancer IP`)} ${match} -j ${target}`);
    }
    if (state.usesFirewall) {
      const said = comment(`${name} traffic not accepted by ${chain("FW")}`);
      write(rules.filterFirewall, "spec.loadBalancerSourceRanges", `${said} ${match} -j DROP`);
    }
    if (!hasExternal) write(rules.filterExternal, field, `${refusal.said} ${match} -j ${refusal.target}`);
  });

  if (servicePort.nodePort !== 0) {
    const field = `spec.ports[${index}].nodePort`;
    const match = `-m ${protocol} -p ${protocol} --dport ${servicePort.nodePort}`;
    if (hasEndpoints) {
      write(rules.natNodePorts, field, `-m comment --comment ${name} ${match} -j ${chain("EXT")}`);
    }
    if (!hasExternal) {
      const text = `${refusal.said} -m addrtype --dst-type LOCAL ${match} -j ${refusal.target}`;
      write(rules.filterExternal, field, text);
    }
  }

  if (portal.healthCheckNodePort !== 0) {
    const match = `-m tcp -p tcp --dport ${portal.healthCheckNodePort}`;
    const text = `${comment(`${name} health check node port`)} ${match} -j ACCEPT`;
    write(rules.filterNodePorts, "spec.healthCheckNodePort", text);
  }
  return rules;
}

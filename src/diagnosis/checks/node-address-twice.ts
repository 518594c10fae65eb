import type { Origin } from "../../model/origin.ts";
import { formatAddress, isLinkLocal } from "../../net/address.ts";
import type { Check } from "./check.ts";

/**
 * Two nodes with one address on their own devices, tunnels included: clones of a machine, or two that share a name. Machines behind a NAT of
 * their own each, as VirtualBox makes them, have it by design.
 */
export const nodeAddressTwice: Check = ({ network }) => {
  const known = new Map<string, { readonly host: string; readonly origin: Origin }>();
  return [...network.hosts.values()]
    .filter(({ kind }) => kind === "node")
    .flatMap(({ name: host, interfaces }) =>
      [...interfaces.values()]
        // kube-ipvs0 and docker0 have the same addresses everywhere, by design
        .filter(
          ({ kind }) =>
            kind === "physical" || kind === "bond" || kind === "vlan" || kind === "ipip" || kind === "vxlan",
        )
        .flatMap(({ name, addresses }) =>
          addresses.flatMap(({ address, prefixLength, origin }) => {
            // a virtual address of keepalived or kube-vip is a /32 beside the node's own
            const isVirtual = prefixLength === 32 && !/^(?:tunl|vxlan)/.test(name);
            if (isVirtual || isLinkLocal(address)) return [];
            const text = formatAddress(address);
            const first = known.get(text);
            if (first === undefined) known.set(text, { host, origin });
            if (first === undefined || first.host === host) return [];
            return [
              {
                severity: "warning" as const,
                message: `${name} of ${host} has ${text}, which ${first.host} has too`,
                at: origin,
                beside: first.origin,
              },
            ];
          }),
        ),
    );
};

import type { Network } from "../model/network.ts";
import type { Origin } from "../model/origin.ts";
import { formatAddress, isLinkLocal } from "../net/address.ts";

interface AddressOfTwoNodes {
  readonly address: string;
  readonly host: string;
  readonly device: string;
  readonly origin: Origin;
  /** The node that has it as well, and where it stands there. */
  readonly first: { readonly host: string; readonly origin: Origin };
}

/** Addresses that two nodes have on devices of their own, tunnels included. */
export function addressesOfTwoNodes({ hosts }: Pick<Network, "hosts">): readonly AddressOfTwoNodes[] {
  const known = new Map<string, AddressOfTwoNodes["first"]>();
  return [...hosts.values()]
    .filter(({ kind }) => kind === "node")
    .flatMap(({ name: host, interfaces }) =>
      [...interfaces.values()]
        // kube-ipvs0 and docker0 have the same addresses everywhere, by design
        .filter(
          ({ kind }) =>
            kind === "physical" || kind === "bond" || kind === "vlan" || kind === "ipip" || kind === "vxlan",
        )
        .flatMap(({ name: device, addresses }) =>
          addresses.flatMap(({ address, prefixLength, origin }) => {
            // a virtual address of keepalived or kube-vip is a /32 beside the node's own
            const isVirtual = prefixLength === 32 && !/^(?:tunl|vxlan)/.test(device);
            if (isVirtual || isLinkLocal(address)) return [];
            const text = formatAddress(address);
            const first = known.get(text);
            if (first === undefined) known.set(text, { host, origin });
            if (first === undefined || first.host === host) return [];
            return [{ address: text, host, device, origin, first }];
          }),
        ),
    );
}

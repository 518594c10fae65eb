import { formatAddress } from "../../net/address.ts";
import { formatPrefix, prefixContains } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** An address of a node's network card that lies in a pool. Addresses of tunnels are from pools by design. */
export const nodeAddressInPool: Check = ({ network }) =>
  [...network.hosts.values()]
    .filter(({ kind }) => kind === "node")
    .flatMap((host) =>
      [...host.interfaces.values()]
        .filter(({ kind }) => kind === "physical" || kind === "bond" || kind === "vlan")
        .flatMap(({ name, addresses }) =>
          addresses.flatMap(({ address, origin }) => {
            const pool = network.pools.find((prefix) => prefixContains(prefix, address));
            if (pool === undefined) return [];
            return [
              {
                severity: "error" as const,
                message: `${host.name} ${name} has ${formatAddress(address)}, which lies in the IP pool ${formatPrefix(pool)}`,
                at: origin,
                beside: 0,
              },
            ];
          }),
        ),
    );

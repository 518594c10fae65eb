import type { Host } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import { formatAddress } from "../../net/address.ts";
import type { Check } from "./check.ts";

/** Bytes of the headers that a tunnel adds in IPv4. */
const OVERHEAD: Readonly<Partial<Record<Interface["kind"], number>>> = { vxlan: 50, ipip: 20, wireguard: 60 };

/** A tunnel whose packets do not fit into the device that carries them, where the dump tells which one that is. */
export const tunnelMtuTooLarge: Check = ({ network }) =>
  [...network.hosts.values()].flatMap((host) =>
    [...host.interfaces.values()].flatMap((tunnel) => {
      const overhead = OVERHEAD[tunnel.kind];
      const below = underlying(host, tunnel);
      if (overhead === undefined || below === null || !tunnel.up || tunnel.mtu + overhead <= below.mtu) return [];
      return [
        {
          severity: "warning" as const,
          message: `${host.name} ${tunnel.name} has an MTU of ${tunnel.mtu}, and with ${overhead} bytes of headers that does not fit into the ${below.mtu} of ${below.name}`,
          at: tunnel.origin,
          beside: below.origin,
        },
      ];
    }),
  );

function underlying(host: Host, { vxlan, ipip, lower }: Interface): Interface | null {
  const named = vxlan?.device ?? lower;
  if (named !== null && named !== undefined) return host.interfaces.get(named) ?? null;
  const local = vxlan?.local ?? ipip?.local ?? null;
  if (local === null) return null;
  const text = formatAddress(local);
  return (
    [...host.interfaces.values()].find(({ addresses }) =>
      addresses.some(({ address }) => formatAddress(address) === text),
    ) ?? null
  );
}

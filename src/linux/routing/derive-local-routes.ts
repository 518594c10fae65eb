import type { Interface, InterfaceAddress } from "../../model/interface.ts";
import { type NextHop, nextHop, type Route, route, TABLE_LOCAL } from "../../model/route.ts";
import {
  type Address,
  compareAddresses,
  ipv6,
  isLimitedBroadcast,
  isLoopback,
  sameAddress,
} from "../../net/address.ts";
import { formatPrefix, hostPrefix, lastAddress, type Prefix, prefixOf, samePrefix } from "../../net/prefix.ts";

/**
 * Table `local` as the kernel makes it from the addresses of the interfaces (net/ipv4/fib_frontend.c fib_add_ifaddr,
 * net/ipv6/addrconf.c): for dumps of `ip route` that show the main table only. Held against Linux 6.18; kernels before
 * 5.14 also have a broadcast route for the first address of each subnet, which nothing here depends on.
 * `forwards6` says whether an interface forwards IPv6, which adds the subnet-router anycast addresses.
 */
export function deriveLocalRoutes(
  interfaces: Iterable<Interface>,
  forwards6: (device: string) => boolean = () => false,
): readonly Route[] {
  const routes = new Map<string, Route>();
  for (const device of interfaces) {
    const found = [...localRoutes4(device), ...localRoutes6(device, forwards6(device.name))];
    for (const one of found) {
      // The first of two that differ in their source only is the one that is found.
      const key = `${one.type} ${formatPrefix(one.destination)} ${device.name}`;
      if (!routes.has(key)) routes.set(key, one);
    }
  }
  return [...routes.values()].sort(
    (x, y) =>
      compareAddresses(x.destination.address, y.destination.address) || x.destination.length - y.destination.length,
  );
}

function hop(device: Interface): readonly NextHop[] {
  return [nextHop({ interface: device.name, linkdown: device.up && !device.carrier })];
}

/** The subnet of an address; in IPv4 that of its peer for a point-to-point address. */
export function subnetOf({ address, peer, prefixLength }: InterfaceAddress): Prefix {
  return prefixOf(address.family === 4 ? (peer ?? address) : address, prefixLength);
}

/** Secondary addresses are filed under the primary one of their subnet. */
function primaryOf(device: Interface, address: InterfaceAddress): Address {
  if (!address.secondary) return address.address;
  const subnet = subnetOf(address);
  return (
    device.addresses.find((other) => !other.secondary && samePrefix(subnetOf(other), subnet))?.address ??
    address.address
  );
}

function localRoutes4(device: Interface): readonly Route[] {
  const routes: Route[] = [];
  for (const address of device.addresses) {
    if (address.address.family !== 4) continue;
    const add = (type: "local" | "broadcast", destination: Prefix): void => {
      routes.push(
        route({
          destination,
          type,
          table: TABLE_LOCAL,
          scope: type === "local" ? "host" : "link",
          protocol: "kernel",
          preferredSource: primaryOf(device, address),
          // the address answers whatever the state of its link
          nextHops: type === "local" ? [nextHop({ interface: device.name })] : hop(device),
          origin: address.origin,
        }),
      );
    };
    // a device that is down keeps its addresses, and nothing else
    add("local", hostPrefix(address.address));
    if (!device.up) continue;
    const subnet = subnetOf(address);
    if (address.broadcast !== null && !isLimitedBroadcast(address.broadcast)) {
      add("broadcast", hostPrefix(address.broadcast));
    }
    if (address.secondary || subnet.address.a === 0) continue;
    if (device.kind === "loopback" && address.prefixLength < 32) add("local", subnet);
    if (address.prefixLength < 31) add("broadcast", hostPrefix(lastAddress(subnet)));
  }
  return routes;
}

const MULTICAST6: Prefix = { address: ipv6(0xff000000, 0, 0, 0), length: 8 };

function localRoutes6(device: Interface, forwards: boolean): readonly Route[] {
  const addresses = device.addresses.filter((address) => address.address.family === 6 && address.dad === null);
  // while a device is down, an address waits for the detection of duplicates, which there is none of without ARP
  if (!device.up && !device.noArp) return [];
  if (addresses.length === 0) return [];
  const routes: Route[] = [];
  const add = (type: "local" | "anycast" | "multicast", destination: Prefix, metric: number, from: number): void => {
    routes.push(
      route({
        destination,
        type,
        table: TABLE_LOCAL,
        scope: "global",
        protocol: "kernel",
        metric,
        nextHops: hop(device),
        origin: from,
      }),
    );
  };
  for (const address of addresses) {
    add("local", hostPrefix(address.address), 0, address.origin);
    if (device.up && forwards && address.prefixLength < 127 && !isLoopback(address.address)) {
      const first = subnetOf(address).address;
      if (!addresses.some((own) => sameAddress(own.address, first)))
        add("anycast", hostPrefix(first), 0, address.origin);
    }
  }
  if (device.up && device.kind !== "loopback") add("multicast", MULTICAST6, 256, 0);
  return routes;
}

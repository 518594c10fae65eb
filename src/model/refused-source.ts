import { type Address, isLoopback, sameAddress } from "../net/address.ts";
import { prefixContains } from "../net/prefix.ts";
import type { Interface } from "./interface.ts";
import { type Route, TABLE_LOCAL } from "./route.ts";

/**
 * Whether the kernel does not take a route for its preferred source, which is no address of the host: “Invalid prefsrc address”
 * (fib_valid_prefsrc of net/ipv4/fib_semantics.c, which routes that lead nowhere do not come to), “Invalid source address”
 * (net/ipv6/route.c). `others`: routes of the host, among which may be local ones.
 */
export function refusesSource(
  interfaces: ReadonlyMap<string, Pick<Interface, "addresses">>,
  others: readonly Route[],
  { family, type, preferredSource }: Pick<Route, "family" | "type" | "preferredSource">,
): boolean {
  if (preferredSource === null) return false;
  if (family === 4) {
    if (type === "blackhole" || type === "unreachable" || type === "prohibit" || type === "throw") return false;
    if (isLoopback(preferredSource)) return false;
  }
  return !isOwn(interfaces, preferredSource) && (family === 6 || !others.some((one) => isLocal(one, preferredSource)));
}

function isOwn(interfaces: ReadonlyMap<string, Pick<Interface, "addresses">>, source: Address): boolean {
  for (const { addresses } of interfaces.values()) {
    if (addresses.some(({ address }) => sameAddress(address, source))) return true;
  }
  return false;
}

function isLocal({ type, table, destination }: Route, source: Address): boolean {
  return type === "local" && table === TABLE_LOCAL && prefixContains(destination, source);
}

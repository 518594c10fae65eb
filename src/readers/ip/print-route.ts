import { type NextHop, type Route, TABLE_MAIN } from "../../model/route.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import { addressBits } from "../../net/prefix.ts";
import { tableName, tosName } from "./names.ts";

/**
 * A route as `ip route show table all` prints it (iproute2 6.1, ip/iproute.c, print_route): a blank after every word, hops of
 * a multipath route on lines of their own that start with a tab. Line ends stand between lines, not after the last.
 */
export function printRoute(route: Route): string {
  const [only] = route.nextHops.length === 1 ? route.nextHops : [];
  const words = [
    ...(route.type === "unicast" ? [] : [route.type]),
    destination(route),
    ...(route.tos === 0 ? [] : ["tos", tosName(route.tos)]),
    ...(route.nextHopId === null ? [] : ["nhid", String(route.nextHopId)]),
    ...(only === undefined ? [] : way(only, route)),
    ...(route.table === TABLE_MAIN ? [] : ["table", tableName(route.table)]),
    ...(route.protocol === "boot" ? [] : ["proto", route.protocol]),
    ...(route.scope === "global" ? [] : ["scope", route.scope]),
    ...(route.preferredSource === null ? [] : ["src", formatAddress(route.preferredSource)]),
    ...(route.family === 4 && route.metric === 0 ? [] : ["metric", String(route.metric)]),
    ...(only === undefined ? [] : flags(only)),
    ...(route.realm === null ? [] : [route.realm.includes("/") ? "realms" : "realm", route.realm]),
    ...(route.expires === undefined ? [] : ["expires", `${route.expires}sec`]),
    ...(route.mtu === 0 ? [] : ["mtu", ...(route.mtuLocked === true ? ["lock"] : []), String(route.mtu)]),
    ...(route.advertisedMss === undefined ? [] : ["advmss", String(route.advertisedMss)]),
    ...(route.hopLimit === undefined ? [] : ["hoplimit", String(route.hopLimit)]),
  ];
  // The kernel tells a router preference for every IPv6 route, and iproute2 prints no blank after it.
  const head = `${words.join(" ")} ${route.family === 6 ? "pref medium" : ""}`;
  if (route.nextHops.length < 2) return head;
  const hops = route.nextHops.map((hop) =>
    ["\tnexthop", ...way(hop, route), "weight", String(hop.weight), ...flags(hop), ""].join(" "),
  );
  return [head, ...hops].join("\n");
}

function destination({ destination: { address, length } }: Route): string {
  if (length === 0) return "default";
  return length === addressBits(address.family) ? formatAddress(address) : `${formatAddress(address)}/${length}`;
}

function way(hop: NextHop, route: Route): readonly string[] {
  return [
    ...(hop.gateway === null ? [] : gateway(hop.gateway, route)),
    ...(hop.interface === null ? [] : ["dev", hop.interface]),
  ];
}

function gateway(address: Address, route: Route): readonly string[] {
  const text = formatAddress(address);
  if (address.family === route.family) return ["via", text];
  return ["via", address.family === 6 ? "inet6" : "inet", text];
}

/** In the order of print_rt_flags. */
function flags(hop: NextHop): readonly string[] {
  return [...(hop.dead ? ["dead"] : []), ...(hop.onlink ? ["onlink"] : []), ...(hop.linkdown ? ["linkdown"] : [])];
}

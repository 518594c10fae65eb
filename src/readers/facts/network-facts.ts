import { subnetOf } from "../../linux/routing/derive-local-routes.ts";
import type { Host } from "../../model/host.ts";
import { interfaceAddress, networkInterface } from "../../model/interface.ts";
import type { Route } from "../../model/route.ts";
import { type Address, formatAddress, isLinkLocal, isLoopback, sameAddress } from "../../net/address.ts";
import { parseInterfaceAddress, prefixContains, samePrefix } from "../../net/prefix.ts";
import { interfaceKind } from "../ip/interface-kind.ts";
import { parseMac } from "../ip/mac.ts";
import { unsigned } from "../ip/names.ts";
import { readNeighbours } from "../ip/neigh.ts";
import { printRoute } from "../ip/print-route.ts";
import { refusedRoute } from "../ip/refused-route.ts";
import { readRoutes } from "../ip/route.ts";
import { isRouteType } from "../ip/route-build.ts";
import { readPolicyRules } from "../ip/rule.ts";
import { writtenInterface } from "../ip/written-interface.ts";
import { readSysctls } from "../sysctl.ts";
import { type FactContext, type HostDraft, told } from "./host-draft.ts";
import { EXAMPLES } from "./statement.ts";

/** Puts one kind of fact into a host. `words` is what follows the kind. */
export type ApplyFact = (words: string, draft: HostDraft, host: Host, context: FactContext) => void;

function familyIn(words: string): 4 | 6 {
  return /(?:^|\s)[\da-f]*:[\da-f:]*/i.test(words) ? 6 : 4;
}

export const routeFact: ApplyFact = (words, draft, host, context) => {
  const dump = readRoutes(words, context.file, context.origins, { family: familyIn(words), typed: true });
  if (!context.understood(dump.findings)) return;
  const [read] = dump.routes;
  if (read === undefined) {
    context.refuse(1, "This is no route.", EXAMPLES.route);
    return;
  }
  const refusal = refusedRoute(read, words.split(/\s+/).find((word) => !isRouteType(word)) ?? "");
  if (refusal !== null) {
    context.refuse(1, `The kernel takes no such route: “${refusal}”`, EXAMPLES.route);
    return;
  }
  const nextHops = read.nextHops.map((hop) =>
    hop.interface === null && hop.gateway !== null ? { ...hop, interface: deviceTowards(draft, hop.gateway) } : hop,
  );
  const route: Route = { ...read, nextHops, origin: context.origin };
  const same = draft.routes.filter((one) => isSamePlace(one, route));
  const differing = same.find((one) => wayOf(one) !== wayOf(route));
  if (differing !== undefined)
    context.contradicts(differing.origin, `The dump has another route there: ${printRoute(differing).trim()}.`);
  else if (same.length > 0) return;
  draft.routes = [...draft.routes.filter((one) => !same.includes(one)), route];
  told(draft, host, route.family === 4 ? "routes" : "routes6");
};

/** The device whose subnet a gateway is in, as the kernel finds it for `ip route add … via`. */
function deviceTowards(draft: HostDraft, gateway: Address): string | null {
  for (const device of draft.interfaces.values()) {
    const has = device.addresses.some(
      (one) =>
        one.address.family === gateway.family &&
        (prefixContains(subnetOf(one), gateway) || (one.peer !== null && sameAddress(one.peer, gateway))),
    );
    if (has) return device.name;
  }
  return null;
}

function isSamePlace(one: Route, other: Route): boolean {
  const { table, metric, tos } = other;
  return (
    samePrefix(one.destination, other.destination) && one.table === table && one.metric === metric && one.tos === tos
  );
}

/** What decides where packets go. */
function wayOf({ type, nextHops }: Route): string {
  const hops = nextHops.map((hop) => `${hop.gateway === null ? "" : formatAddress(hop.gateway)} ${hop.interface}`);
  return [type, ...hops.sort()].join(",");
}

const ADDRESS = /^(\S+)\s+(?:dev|on)\s+(\S+)$/;

export const addressFact: ApplyFact = (words, draft, host, context) => {
  const [, text = words, device = ""] = ADDRESS.exec(words) ?? [];
  const parsed = parseInterfaceAddress(text);
  if (parsed === null || device === "") {
    context.refuse(
      parsed === null ? 1 : words.length + 1,
      parsed === null ? `“${text}” is no address.` : "The device is missing.",
      EXAMPLES.address,
    );
    return;
  }
  const { address, length } = parsed;
  for (const other of draft.interfaces.values()) {
    const dumped = other.addresses.find((one) => sameAddress(one.address, address));
    if (dumped === undefined) continue;
    if (other.name === device && dumped.prefixLength === length) return;
    context.contradicts(
      dumped.origin,
      `The dump has ${formatAddress(address)}/${dumped.prefixLength} on ${other.name}.`,
    );
    draft.interfaces.set(other.name, { ...other, addresses: other.addresses.filter((one) => one !== dumped) });
    draft.routes = draft.routes.filter(
      (route) =>
        route.type !== "local" || !samePrefix(route.destination, { address, length: address.family === 4 ? 32 : 128 }),
    );
  }
  const known = interfaceNamed(device, draft, host, context);
  const scope = isLoopback(address) ? "host" : isLinkLocal(address) && address.family === 6 ? "link" : "global";
  const added = interfaceAddress({ address, prefixLength: length, scope, origin: context.origin });
  draft.interfaces.set(device, { ...known, addresses: [...known.addresses, added] });
  draft.touched.add(device);
};

function interfaceNamed(
  name: string,
  draft: HostDraft,
  host: Host,
  context: FactContext,
): ReturnType<typeof networkInterface> {
  told(draft, host, "interfaces");
  const kind = interfaceKind(writtenInterface(0, 0, name, null, null), false);
  return (
    draft.interfaces.get(name) ??
    networkInterface({ name, kind, index: 10_000 + draft.interfaces.size, origin: context.origin })
  );
}

export const linkFact: ApplyFact = (words, draft, host, context) => {
  const tokens = [...words.matchAll(/\S+/g)];
  const name = tokens[0]?.[0] ?? "";
  let device = interfaceNamed(name, draft, host, context);
  const dumped = draft.interfaces.get(name);
  for (let i = 1; i < tokens.length; i++) {
    const word = tokens[i]?.[0] ?? "";
    const value = tokens[i + 1]?.[0] ?? "";
    const column = (tokens[i]?.index ?? 0) + 1;
    const mac = parseMac(value);
    const mtu = unsigned(value, 0xffff_ffff);
    if (word === "up") device = { ...device, up: true, carrier: true };
    else if (word === "down") device = { ...device, up: false, carrier: false };
    else if (word === "no-carrier") device = { ...device, carrier: false };
    else if (word === "mtu" && mtu !== null) {
      device = { ...device, mtu };
      // as addrconf_notify() does at NETDEV_CHANGEMTU
      const ofIpv6 = `net.ipv6.conf.${name.replaceAll(".", "/")}.mtu`;
      if (draft.sysctls.has(ofIpv6)) draft.sysctls.set(ofIpv6, value);
    } else if ((word === "mac" || word === "address") && mac !== null) device = { ...device, mac };
    else if (word === "master" && value !== "") device = { ...device, master: value };
    else {
      context.refuse(
        column,
        `“${`${word} ${value}`.trim()}” is not understood.`,
        "up, down, no-carrier, mtu BYTES, mac ADDRESS or master DEVICE",
      );
      return;
    }
    if (!/^(?:up|down|no-carrier)$/.test(word)) i++;
  }
  for (const field of ["mtu", "up", "mac", "master"] as const) {
    if (dumped !== undefined && dumped[field] !== null && dumped[field] !== device[field]) {
      context.contradicts(dumped.origin, `The dump has ${field} ${String(dumped[field])} for ${name}.`);
    }
  }
  draft.interfaces.set(name, device);
  draft.touched.add(name);
};

export const sysctlFact: ApplyFact = (words, draft, _host, context) => {
  const dump = readSysctls(words, context.file, context.origins);
  if (!context.understood(dump.findings)) return;
  if (dump.values.size === 0) context.refuse(1, "This sets no sysctl.", EXAMPLES.sysctl);
  for (const [key, value] of dump.values) {
    if (!key.startsWith("net.")) {
      context.refuse(1, `“${key}” is no setting of the network.`, EXAMPLES.sysctl);
      return;
    }
    const known = draft.sysctls.get(key);
    if (draft.dumpedSysctls.has(key) && known !== undefined && known !== value) {
      context.contradicts(0, `The dump has ${key} = ${known}.`);
    }
    // writing these sets the value of every interface (net/ipv4/devinet.c inet_forward_change, net/ipv6/addrconf.c)
    const all = FORWARDING.get(key);
    if (all !== undefined) for (const one of draft.sysctls.keys()) if (all.test(one)) draft.sysctls.set(one, value);
    draft.sysctls.set(key, value);
    draft.dumpedSysctls.add(key);
  }
};

const FORWARDING: ReadonlyMap<string, RegExp> = new Map([
  ["net.ipv4.ip_forward", /^net\.ipv4\.conf\.[^.]+\.forwarding$/],
  ["net.ipv4.conf.all.forwarding", /^net\.ipv4\.(?:ip_forward$|conf\.[^.]+\.forwarding$)/],
  ["net.ipv6.conf.all.forwarding", /^net\.ipv6\.conf\.[^.]+\.forwarding$/],
]);

export const neighbourFact: ApplyFact = (words, draft, host, context) => {
  // a person who types the line leaves out the state that does not matter
  const line = /\b[A-Z]{4,}$/.test(words) ? words : `${words} PERMANENT`;
  const dump = readNeighbours(line, context.file, context.origins);
  if (!context.understood(dump.findings)) return;
  const [read] = dump.neighbours;
  if (read === undefined) {
    context.refuse(1, "This is no neighbour.", EXAMPLES.neighbour);
    return;
  }
  const isSame = (one: (typeof draft.neighbours)[number]): boolean =>
    sameAddress(one.address, read.address) && one.interface === read.interface && one.proxy === read.proxy;
  const dumped = draft.neighbours.find(isSame);
  if (dumped !== undefined && dumped.mac !== read.mac) {
    context.contradicts(dumped.origin, `The dump has ${dumped.mac ?? "no address"} (${dumped.state}) there.`);
  }
  draft.neighbours = [...draft.neighbours.filter((one) => !isSame(one)), { ...read, origin: context.origin }];
  told(draft, host, "neighbours");
};

export const policyRuleFact: ApplyFact = (words, draft, _host, context) => {
  const family = familyIn(words);
  const dump = readPolicyRules(words, context.file, context.origins, family);
  if (!context.understood(dump.findings)) return;
  const [read] = dump.rules;
  if (read === undefined) {
    context.refuse(1, "This is no policy rule.", EXAMPLES["policy-rule"]);
    return;
  }
  const rule = { ...read, origin: context.origin };
  const text = (one: typeof rule): string => JSON.stringify({ ...one, origin: 0 });
  if (draft.policyRules.some((one) => text(one) === text(rule))) return;
  draft.policyRules = [...draft.policyRules, rule].sort((x, y) => x.priority - y.priority);
  draft.knowledge.set("policyRules", "derived");
};

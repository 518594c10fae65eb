import type { Host } from "../../model/host.ts";
import { refusesSource } from "../../model/refused-source.ts";
import type { Route } from "../../model/route.ts";
import { sameAddress } from "../../net/address.ts";
import { prefixContains, samePrefix } from "../../net/prefix.ts";
import { addressFact, linkFact, routeFact } from "../facts/network-facts.ts";
import { readRoutes } from "../ip/route.ts";
import type { Word } from "../iptables/words.ts";
import type { Command, CommandContext, CommandResult } from "./command.ts";
import { makeTrue } from "./fact-command.ts";
import { refusedScope } from "./refused-scope.ts";

const EXPECTED = "ip route add|replace|del …, ip addr add …, or ip link set …";

/** `ip [-4|-6] route|addr|link`, as far as it changes a machine (iproute2). */
export const ip: Command = (words, host, context) => {
  const given = words.slice(1).filter(({ text }) => !/^-[46]$/.test(text));
  const [object, action, ...rest] = given;
  const name = object?.text ?? "";
  const verb = action?.text ?? "";
  const isPart = (whole: string): boolean => name.length > 0 && whole.startsWith(name);
  if (isPart("route"))
    return route(
      verb,
      rest,
      host,
      context,
      words.some(({ text }) => text === "-6"),
    );
  if (isPart("address")) return address(verb, rest, host, context);
  if (isPart("link") && verb === "set") return link(rest, host, context);
  return { problem: `“ip ${name} ${verb}” is not understood`, expected: EXPECTED };
};

const joined = (words: readonly Word[]): string => words.map(({ text }) => text).join(" ");

function route(
  verb: string,
  rest: readonly Word[],
  host: Host,
  context: CommandContext,
  isIPv6: boolean,
): CommandResult {
  const text = joined(rest);
  const family = isIPv6 || /(?:^|\s)[\da-f]*:[\da-f:]*/i.test(text) ? 6 : 4;
  const dump = readRoutes(text, "", context.origins, { family, typed: true });
  const [wanted] = dump.routes;
  if (wanted === undefined)
    return { problem: dump.findings[0]?.message ?? "this is no route", expected: "a route as ip route add takes it" };
  const same = host.routes.filter(
    (one) =>
      one.table === wanted.table && one.metric === wanted.metric && samePrefix(one.destination, wanted.destination),
  );
  switch (verb) {
    case "add":
      if (same.length > 0) return { problem: "RTNETLINK answers: File exists" };
      return added(text, wanted, host, context);
    case "replace":
      return added(text, wanted, host, context);
    case "del":
    case "delete": {
      const [hop] = wanted.nextHops;
      const doomed = host.routes.find(
        (one) =>
          one.table === wanted.table &&
          samePrefix(one.destination, wanted.destination) &&
          (wanted.metric === 0 || one.metric === wanted.metric) &&
          (hop === undefined || one.nextHops.some((other) => isAsked(hop, other))),
      );
      if (doomed === undefined) return { problem: "RTNETLINK answers: No such process" };
      return { host: { ...host, routes: host.routes.filter((one) => one !== doomed) } };
    }
    default:
      return { problem: `“ip route ${verb}” is not understood`, expected: EXPECTED };
  }
}

/** The kernel takes a gateway that a route of its own reaches, and devices that are up (net/ipv4/fib_semantics.c fib_check_nh). */
function added(text: string, wanted: Route, host: Host, context: CommandContext): CommandResult {
  const scope = refusedScope(wanted);
  if (scope !== null) return { problem: scope };
  for (const { gateway, interface: name, onlink } of wanted.nextHops) {
    const device = name === null ? undefined : host.interfaces.get(name);
    if (name !== null && device === undefined) return { problem: `there is no device ${name}` };
    if (device !== undefined && !device.up) return { problem: "RTNETLINK answers: Network is down" };
    if (gateway === null || onlink) continue;
    const isReached = host.routes.some(
      ({ type, destination, nextHops }) =>
        type === "unicast" &&
        destination.address.family === gateway.family &&
        prefixContains(destination, gateway) &&
        nextHops.some((hop) => hop.gateway === null && (name === null || hop.interface === name)),
    );
    if (!isReached) return { problem: "RTNETLINK answers: Nexthop has invalid gateway" };
  }
  if (refusesSource(host.interfaces, host.routes, wanted)) {
    return { problem: `Error: Invalid ${wanted.family === 6 ? "source" : "prefsrc"} address.` };
  }
  return makeTrue(routeFact, text, host, context);
}

type Hop = Host["routes"][number]["nextHops"][number];

function isAsked(asked: Hop, hop: Hop): boolean {
  if (asked.interface !== null && asked.interface !== hop.interface) return false;
  return asked.gateway === null || (hop.gateway !== null && sameAddress(asked.gateway, hop.gateway));
}

function address(verb: string, rest: readonly Word[], host: Host, context: CommandContext): CommandResult {
  if (verb === "add" || verb === "replace") return makeTrue(addressFact, joined(rest), host, context);
  return { problem: `“ip addr ${verb}” is not understood`, expected: EXPECTED };
}

function link(rest: readonly Word[], host: Host, context: CommandContext): CommandResult {
  const words = rest[0]?.text === "dev" ? rest.slice(1) : rest;
  const name = words[0]?.text ?? "";
  const before = host.interfaces.get(name);
  if (before === undefined) return { problem: `there is no device ${name}` };
  const result = makeTrue(linkFact, joined(words), host, context);
  if ("problem" in result || !before.up || result.host.interfaces.get(name)?.up !== false) return result;
  return { host: withoutDevice(result.host, name) };
}

/**
 * What goes when a device goes down: routes by it, but for IPv4's own addresses (net/ipv4/fib_semantics.c fib_sync_down_dev leaves those of
 * scope nowhere), and its IPv6 addresses with all their routes (net/ipv6/addrconf.c addrconf_ifdown).
 */
function withoutDevice(host: Host, name: string): Host {
  const device = host.interfaces.get(name);
  const routes = host.routes.filter((one) => {
    const stays = one.nextHops.length === 0 || one.nextHops.some((hop) => hop.interface !== name);
    return stays || (one.family === 4 && (one.type === "local" || one.type === "broadcast"));
  });
  if (device === undefined) return { ...host, routes };
  const addresses = device.addresses.filter((one) => one.address.family === 4);
  return { ...host, routes, interfaces: new Map(host.interfaces).set(name, { ...device, addresses }) };
}

import fc from "fast-check";
import type { ProbePacket } from "../../harness/duel.ts";
import type { Lab } from "../../harness/lab.ts";
import { inSix, labInSix, wordsInSix } from "../in-six.ts";
import { redirectSettings6 } from "../redirect-settings.ts";
import { redirectSequences } from "../redirect-traffic.ts";
import { type SharedLinks, sharedLinksLab, sharedLinksSchema } from "../shared-links.ts";
import { type FuzzedHost, type WorldKind, worldKind } from "../world-kind.ts";
import { redirectsHosts, redirectsRulesets, redirectsWorlds } from "./redirects.ts";

/** Gateways are link-local addresses, which redirects come from and name; second addresses stay what they are. */
function overLinkLocal(lab: Lab): Lab {
  const linkLocal = new Map(
    lab.hosts.flatMap(({ interfaces }, position) =>
      interfaces.flatMap(({ name, addresses }, index): readonly (readonly [string, string])[] => {
        const first = addresses?.[0]?.replace(/\/.*/, "");
        return first === undefined ? [] : [[first, `via fe80::${(position + 1) * 16 + index} dev ${name}`]];
      }),
    ),
  );
  const route = (text: string): string =>
    text.replace(/\bvia (\S+)(?: dev \S+)?/, (whole, gateway) => linkLocal.get(gateway) ?? whole);
  const rule = (text: string): string => text.replace("ipproto icmp", "ipproto ipv6-icmp");
  return {
    ...lab,
    hosts: lab.hosts.map((host) => ({
      ...host,
      routes: (host.routes ?? []).map(route),
      rules: (host.rules ?? []).map(rule),
      listen: (host.listen ?? []).map((text) => text.replace("0.0.0.0", "[::]")),
    })),
  };
}

function redirectsLab6(world: SharedLinks): Lab {
  return labInSix(overLinkLocal(sharedLinksLab(world)), ({ name }) => {
    const machine = world.machines.find((one) => one.name === name);
    return machine?.sysctls ?? {};
  });
}

/** By a raw socket, which hears of nothing: a program that is bound to a device, or connected, would follow, and the oracle's does not. */
function packetInSix({ src, dst, proto, icmpType, ...rest }: ProbePacket): ProbePacket {
  const isEcho = proto === "icmp";
  return {
    ...rest,
    ...(src === undefined ? {} : { src: inSix(src) }),
    ...(dst === undefined ? {} : { dst: inSix(dst) }),
    ...(proto === undefined ? {} : { proto: isEcho ? "icmpv6" : proto }),
    ...(isEcho ? { icmpType: 128 } : icmpType === undefined ? {} : { icmpType }),
    ...(rest.interface === undefined ? { raw: true } : {}),
  };
}

function hosts(world: SharedLinks): readonly FuzzedHost[] {
  return redirectsHosts(world).map(({ name, words }) => ({ name, words: wordsInSix(words) }));
}

/** The links of `redirects` with IPv6: their routers redirect to link-local gateways, and to a destination that is on the link. */
export const redirects6: WorldKind = worldKind({
  name: "redirects6",
  families: [6],
  schema: sharedLinksSchema,
  worlds: redirectsWorlds(redirectSettings6),
  lab: redirectsLab6,
  // A silenced host asks for no neighbour.
  mute: ({ answers, staticNeighbours }) => (answers || !staticNeighbours ? [] : ["B"]),
  fuzzed: hosts,
  sequences: (world) => redirectSequences(world).map((sequence) => sequence.map(packetInSix)),
  // A solicitation goes to all on the link, and a veth lets through groups that nobody joined: rules of bystanders would count it.
  rulesets: (world, wish) => (world.staticNeighbours ? redirectsRulesets(hosts(world), wish) : fc.constant([])),
  rulesetsPerWorld: 2,
  conntrack: true,
});

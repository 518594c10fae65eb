import { originTable } from "../../../../src/model/origin.ts";
import type { Route } from "../../../../src/model/route.ts";
import { formatAddress } from "../../../../src/net/address.ts";
import { addressBits, formatPrefix } from "../../../../src/net/prefix.ts";
import { readBirdc } from "../../../../src/readers/birdc/birdc.ts";
import { compareTexts } from "./compare-texts.ts";
import type { EmulatedStage } from "./emulate.ts";
import type { Lab, Seen } from "./lab.ts";

/** What differs between BIRD and the emulation, in lines for people; none when nothing does. */
export function differences(lab: Lab, seen: Seen, stages: readonly EmulatedStage[]): readonly string[] {
  const found: string[] = [];
  for (const [index, real] of seen.stages.entries()) {
    const emulated = stages[index];
    if (emulated === undefined) continue;
    const add = (text: string): void => {
      found.push(`${lab.name}, stage ${index}, ${text}`);
    };
    for (const { name } of lab.nodes) {
      compareSessions(name, real, emulated, index === 0, add);
      const links = linksByChance(real.said[name]?.["show route all"] ?? "");
      const told = (text: string | undefined | null): string | null =>
        text == null ? null : withoutLinks(text, links);
      const said = told(real.said[name]?.["show route all"]);
      const shown = told(emulated.said.get(name)?.get("show route all"));
      if ((said === null) !== (shown === null)) add(`${name}: only ${said === null ? "the emulation" : "BIRD"} runs`);
      // A daemon that is gone left its routes behind, and nobody tells of them.
      if (said === null || shown === null) continue;
      const tied = tiedPrefixes(said);
      compareLists(`${name} show route all`, tableOf(said, tied), tableOf(shown, tied), add);
      for (const command of lab.asked) {
        if (command === "show route all") continue;
        compareTexts(
          `${name} ${command}`,
          told(real.said[name]?.[command]) ?? "",
          told(emulated.said.get(name)?.get(command)) ?? "",
          tied,
          add,
        );
      }
      const unlike = (line: string): boolean =>
        ![...tied].some((prefix) => line.startsWith(`${prefix.replace("/32", "")} `));
      compareLists(
        `${name} ip route`,
        kernelText(real.routes[name] ?? "")
          .filter(unlike)
          .map((line) => withoutLinks(line, links)),
        kernelRoutes(emulated.kernel.get(name) ?? [])
          .filter(unlike)
          .map((line) => withoutLinks(line, links)),
        add,
      );
    }
  }
  return found;
}

/**
 * Link-local addresses of next hops that some neighbours told without them (or with others): whoever told first decides how all
 * routes by such a next hop go, and that is chance.
 */
function linksByChance(text: string): ReadonlyMap<string, string> {
  const told = new Map<string, Set<string>>();
  for (const [, address = "", link = ""] of text.matchAll(/^(?:\d{4}-| )?\tBGP\.next_hop: (\S+)(?: (\S+))?$/gm)) {
    told.set(address, (told.get(address) ?? new Set()).add(link));
  }
  const found = new Map<string, string>();
  for (const [address, links] of told) {
    if (links.size > 1) for (const link of links) if (link !== "") found.set(link, address);
  }
  return found;
}

/** With the global addresses of such next hops, and without saying that somebody else told the route. */
function withoutLinks(text: string, links: ReadonlyMap<string, string>): string {
  if (links.size === 0) return text;
  const globals = new Set(links.values());
  return text
    .split("\n")
    .map((line) => {
      const [, gateway] = / via (\S+) (?:on|dev) /.exec(line) ?? [];
      const address = gateway === undefined ? undefined : (links.get(gateway) ?? gateway);
      return gateway !== undefined && address !== undefined && globals.has(address)
        ? line.replace(gateway, address).replace(/ from [^ \]]+\]/, "]")
        : line;
    })
    .join("\n");
}

/** What the real one was seen to say, each time, the emulated one has to say at some time about then; and stays where that stays. */
function compareSessions(
  node: string,
  real: Seen["stages"][number],
  emulated: EmulatedStage,
  starting: boolean,
  add: (text: string) => void,
): void {
  const states = new Map<string, Set<string>>();
  const last = new Map<string, string>();
  for (const sample of real.samples) {
    const text = sample[node];
    if (text === null || text === undefined) continue;
    for (const session of readBirdc(text, "birdc", originTable()).evidence.bgpSessions) {
      const known = states.get(session.name) ?? new Set<string>();
      const state = `${session.state} ${session.info}`.trim();
      states.set(session.name, known.add(state));
      last.set(session.name, state);
    }
  }
  for (const [name, said] of states) {
    const shown = new Set<string>();
    for (const sample of emulated.samples) {
      for (const line of sample.get(node) ?? [])
        if (line.startsWith(`${name} `)) shown.add(line.slice(name.length + 1).trim());
    }
    // Two ends that dial at one moment may throw each other out again and again, until chance parts them.
    if (starting && last.get(name) === "up Established" && shown.has("up Established")) continue;
    const unmet = [...said].filter((state) => !shown.has(state) && !isPassing(state, shown));
    const settled = said.size === 1 && [...said][0]?.startsWith("up") === true;
    if (unmet.length > 0 || (settled && shown.size > 1)) {
      add(`${node} ${name}: BIRD {${[...said].join(" | ")}}, emulated {${[...shown].join(" | ")}}`);
    }
  }
}

/**
 * States that BIRD has for the moment between two of its events, and that need no time in the emulation: an OPEN is under way, an
 * error was told and the connection not yet closed. A connection that is turned away ends with a reset where the neighbour's OPEN
 * was there before, else with its end. An ICMP error that comes back while connect() still runs, as it can only within one
 * machine, counts when the SYN is sent again (tcp_v4_err: sock_owned_by_user), so that BIRD is in Connect until then.
 */
function isPassing(state: string, shown: ReadonlySet<string>): boolean {
  const plain = (text: string): string =>
    text
      .replace(/^(?:start|stop) (?:Idle|Active|Connect|OpenSent|OpenConfirm|Close|Passive)\b/, "")
      .replace("Connection reset by peer", "Connection closed")
      .trim();
  // Of two connections one is told what is wrong, the other only that it ends; which text is the last, chance decides.
  const ceased = state.includes("Received: Cease") && [...shown].some((other) => other.includes("Received: "));
  const passing =
    /^(?:start|stop) (?:Idle|Connect|OpenSent|OpenConfirm|Close)\b|^stop Passive|Connection reset by peer/.test(state);
  // Where both dial, chance decides which of two connections ends last: the refused one, or the one that its end takes along.
  const crossed =
    /Socket: Connection (?:refused|reset by peer|closed)$/.test(state) &&
    [...shown].some((other) => other.includes("BGP Error: Bad"));
  // Linux trusts a neighbour that answered for 15 to 45 s, by chance, before it finds out that nobody is there any more.
  const found =
    /Socket: No route to host$/.test(state) && [...shown].some((other) => other.startsWith("start Connect"));
  // Whoever refuses an OPEN tells why and closes: the reset discards what the other has not read yet, where that is slow.
  const cut =
    /Socket: Connection (?:reset by peer|closed)$/.test(state) &&
    [...shown].some((other) => other.includes("Received: "));
  return ceased || cut || crossed || found || (passing && [...shown].some((other) => plain(other) === plain(state)));
}

/**
 * Destinations of which one neighbour told several routes (ADD-PATH): nothing but the order in which they came decides between
 * those that are otherwise equal.
 */
function tiedPrefixes(text: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const tied = new Set<string>();
  for (const { destination, protocol } of readBirdc(text, "birdc", originTable()).evidence.birdRoutes) {
    const key = `${formatPrefix(destination)} ${protocol}`;
    if (seen.has(key)) tied.add(formatPrefix(destination));
    seen.add(key);
  }
  return tied;
}

/** Routes by destination, the best marked, with their attributes; without times. */
function tableOf(text: string, tied: ReadonlySet<string>): readonly string[] {
  return readBirdc(text, "birdc", originTable())
    .evidence.birdRoutes.map((route) => {
      const hops = route.nextHops.map(
        ({ via, interface: device }) => `${via === null ? "-" : formatAddress(via)} on ${device}`,
      );
      const metric = route.igpMetric === null ? "" : `/${route.igpMetric}`;
      const attributes = [...route.attributes].map(([key, value]) => `${key}=${value}`).join(" ");
      const from = route.from === null ? "" : ` from ${formatAddress(route.from)}`;
      return `${formatPrefix(route.destination)} ${route.type} ${hops.join(", ")} [${route.protocol}${from}]${route.primary && !tied.has(formatPrefix(route.destination)) ? " *" : ""} (${route.preference}${metric}) [${route.path}] ${attributes}`;
    })
    .sort();
}

/** BIRD's routes as `ip route show` prints them, one a line. */
export function kernelText(text: string): readonly string[] {
  return text
    .replaceAll(/\n\t/g, " ")
    .split("\n")
    .filter((line) => line.includes("proto bird"))
    .map((line) =>
      line
        .replaceAll(/ weight 1| linkdown| dead| pref medium/g, "")
        // what `ip` says of a route of IPv6 that leads nowhere
        .replace(/^(blackhole|unreachable|prohibit) (.*) dev lo /, "$1 $2 ")
        .replaceAll(/ error -\d+/g, "")
        .trim()
        .replaceAll(/\s+/g, " "),
    )
    .sort();
}

export function kernelRoutes(routes: readonly Route[]): readonly string[] {
  return routes
    .filter(({ protocol }) => protocol === "bird")
    .map(({ type, destination, nextHops, metric, preferredSource, scope }) => {
      const bare =
        destination.length === addressBits(destination.address.family)
          ? formatAddress(destination.address)
          : formatPrefix(destination);
      const to = destination.length === 0 ? "default" : bare;
      const hops = (type === "unicast" ? nextHops : []).map(
        ({ gateway, interface: device, weight }) =>
          `${gateway === null ? "" : `via ${gateway.family === destination.address.family ? "" : "inet6 "}${formatAddress(gateway)} `}dev ${device}${weight > 1 ? ` weight ${weight}` : ""}`,
      );
      const kind = type === "unicast" ? "" : `${type} `;
      const source = preferredSource === null ? "" : ` src ${formatAddress(preferredSource)}`;
      const more = `${scope === "global" ? "" : ` scope ${scope}`}${source}${metric === 0 ? "" : ` metric ${metric}`}`;
      return hops.length === 1
        ? `${kind}${to} ${hops[0]} proto bird${more}`
        : `${kind}${to} proto bird${more}${hops.map((hop) => ` nexthop ${hop}`).join("")}`;
    })
    .sort();
}

function compareLists(
  what: string,
  real: readonly string[],
  emulated: readonly string[],
  add: (text: string) => void,
): void {
  const missing = real.filter((line) => !emulated.includes(line));
  const extra = emulated.filter((line) => !real.includes(line));
  for (const line of missing) add(`${what}: only BIRD has ${line}`);
  for (const line of extra) add(`${what}: only the emulation has ${line}`);
}

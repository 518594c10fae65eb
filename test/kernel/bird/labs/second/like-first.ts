import type { Route } from "../../../../../src/model/route.ts";
import type { Family } from "../../../../../src/net/address.ts";
import type { EmulatedStage } from "../emulate.ts";
import type { Lab, Seen } from "../lab.ts";

/**
 * In what BIRD 2.0.12 differs from 1.6.8, which podpath follows because Calico's is a fork of it: what its texts and routes say otherwise
 * is made alike in both before they are compared.
 */
const SAID_OTHERWISE: readonly (readonly [of: string, what: RegExp, by: string])[] = [
  ["it does not say which kind of packets a route is for", /Type: (\S+) unicast univ/g, "Type: $1 univ"],
  ["a metric of the way to the next hop is there where one was looked up", /\((\d+[-s]*)\/(?:0|-)\)/g, "($1)"],
  ["kernel routes without a gateway have their scope, those of IPv6 have none", /^.*Kernel\.scope: \d+\n/gm, ""],
  ["MULTI_EXIT_DISC of another AS is taken away, and not set to 0", /^.*BGP\.med: 0\n/gm, ""],
  ["the AS path ends elsewhere, see below", /\[AS\d+([ie?])\]/g, "[$1]"],
];

/** Own AS numbers are put in front behind the export filter, not before it; cluster lists keep their order. */
const IN_ANOTHER_ORDER = /(BGP\.(?:cluster_list|as_path): )(.*)/g;

function alike(text: string): string {
  const said = SAID_OTHERWISE.reduce((so_far, [, what, by]) => so_far.replace(what, by), text);
  return said.replace(
    IN_ANOTHER_ORDER,
    (_, name: string, list: string) => name + list.trim().split(" ").sort().join(" "),
  );
}

/**
 * Its kernel routes have metric 32, so that they stand beside those of others of the same destination, where 1.6 is told "File exists"; routes
 * of links are put there too.
 */
function kernelAlike(routes: string, family: Family): string {
  const joined = routes.replaceAll("\n\t", " ").split("\n");
  const others = joined.filter((line) => !line.includes("proto bird")).map((line) => line.split(" ")[0]);
  return joined
    .filter((line) => !line.includes("proto bird") || !(/^\S+ dev /.test(line) || others.includes(line.split(" ")[0])))
    .map((line) => line.replace(/ metric 32\b/, family === 4 ? "" : " metric 1024"))
    .join("\n");
}

/** What was seen, as 1.6 would say it; a session that holds up a graceful restart is `up`, not `wait`. */
export function seenAlike({ stages }: Seen, { family }: Lab): Seen {
  return {
    stages: stages.map((stage) => ({
      ...stage,
      said: each(stage.said, (answers) => each(answers, (text) => (text === null ? null : alike(text)))),
      routes: each(stage.routes, (text) => kernelAlike(text, family)),
    })),
  };
}

/** The emulation, as both say it. Routes that a BIRD 2 left behind came into it with the dumps. */
export function shownAlike(stages: readonly EmulatedStage[], { family }: Lab): readonly EmulatedStage[] {
  return stages.map((stage) => ({
    ...stage,
    kernel: new Map([...stage.kernel].map(([node, routes]) => [node, routes.flatMap((route) => left(route, family))])),
    samples: stage.samples.map(
      (sample) =>
        new Map([...sample].map(([node, lines]) => [node, lines.map((line) => line.replace(" wait ", " up "))])),
    ),
    said: new Map(
      [...stage.said].map(([node, answers]) => [
        node,
        new Map([...answers].map(([command, text]) => [command, alike(text)])),
      ]),
    ),
  }));
}

function left(route: Route, family: Family): readonly Route[] {
  if (route.protocol !== "bird" || route.metric !== 32) return [route];
  if (route.type === "unicast" && route.nextHops.every(({ gateway }) => gateway === null)) return [];
  return [{ ...route, metric: family === 4 ? 0 : 1024 }];
}

function each<T, U>(record: Readonly<Record<string, T>>, made: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, made(value)]));
}

/** Why a lab tells nothing about BIRD 2: it does something else there, which is no matter of texts. Null: it is compared. */
export function whyNotAlike(lab: Lab): string | null {
  const texts = lab.stages.flatMap(({ events }) =>
    events.flatMap((event) => (event.kind === "start" ? [event.config] : [])),
  );
  return DIFFERENT.find(([, does]) => texts.some((text) => does(text, lab)))?.[0] ?? null;
}

const DIFFERENT: readonly (readonly [why: string, does: (text: string, lab: Lab) => boolean])[] = [
  [
    "an export filter finds the AS path without the own AS in front",
    (text) => /bgp_path(?:\.(?:delete|filter|last|len)| ~)/.test(text),
  ],
  [
    "a neighbour that knows of graceful restarts, and does none, keeps no long-lived ones",
    (text) => /graceful restart aware;\s*long lived graceful restart(?: on)?;/.test(text),
  ],
  [
    "a next hop on the link whose link-local address is not known goes out without one",
    (_, { family, nodes }) =>
      family === 6 && nodes.some(({ routes }) => routes.some((route) => route.includes(" via "))),
  ],
  [
    "what is told within the AS goes out by IPv6 with the next hop that it came with, and with its link-local address",
    (text, { family }) => family === 6 && sides(text).size > 1,
  ],
  ["a client of a route server is told the daemon's own routes without its AS", (text) => text.includes("rs client;")],
  [
    "the clusters of the client who told and of the one who is told are both put into the list",
    (text) => clusters(text).size > 1,
  ],
  [
    "a next hop that a filter sets is replaced by `next hop self`, and looked up",
    (text) => /bgp_next_hop =/.test(text),
  ],
];

/** Whether the sessions of a daemon are within its AS, with others, or some of each. */
function sides(text: string): ReadonlySet<boolean> {
  const own = /local as (\d+)/.exec(text)?.[1];
  return new Set([...text.matchAll(/neighbor \S+(?: port \d+)? +as (\d+)/g)].map(([, as]) => as === own));
}

/** Of the clients of a daemon; without one of their own, they are in the daemon's. */
function clusters(text: string): ReadonlySet<string> {
  const clients = text.split(/^protocol /m).filter((protocol) => protocol.includes("rr client;"));
  return new Set(clients.map((protocol) => /rr cluster id ([^;]+)/.exec(protocol)?.[1] ?? ""));
}

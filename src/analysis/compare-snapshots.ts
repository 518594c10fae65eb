import { append } from "../model/append.ts";
import type { Host } from "../model/host.ts";
import type { Network } from "../model/network.ts";
import type { Route } from "../model/route.ts";
import type { Chain, Rule } from "../model/ruleset.ts";
import { type Address, type Family, formatAddress, sameAddress } from "../net/address.ts";
import { prefixContains } from "../net/prefix.ts";
import { printRoute } from "../readers/ip/print-route.ts";
import { printRule } from "../readers/iptables/print.ts";
import { askProbe, type PreparedProbe, prepareProbe } from "../trace/probe.ts";
import type { Answer } from "../trace/result.ts";
import { type HostSession, isEstablished, isPassive } from "./bgp-evidence.ts";
import { nftChainsOf } from "./nft-chains.ts";

/** A snapshot and what BIRD said while it was taken. */
export interface ComparedSnapshot {
  readonly name: string;
  readonly network: Network;
  readonly sessions: readonly HostSession[];
}

export type Side = "first" | "second";

/** A route that only one of the snapshots has. */
export interface RouteDifference {
  readonly host: string;
  readonly side: Side;
  readonly route: Route;
  /** Pods that the route leads to. */
  readonly pods: readonly string[];
}

/** A chain whose policy differs; null where the chain is missing. */
export interface PolicyDifference {
  readonly host: string;
  readonly family: Family;
  /** `filter`, or `inet filter` of nft's own. */
  readonly table: string;
  readonly first: Chain | null;
  readonly second: Chain | null;
}

/** A rule that only one of the snapshots has in that chain. */
export interface RuleDifference {
  readonly host: string;
  readonly side: Side;
  readonly family: Family;
  /** `filter`, or `inet filter` of nft's own. */
  readonly table: string;
  readonly chain: Chain;
  /** From 1. */
  readonly index: number;
  readonly rule: Rule;
}

/** A BGP session that is up in one snapshot and not in the other. */
export interface SessionDifference {
  readonly host: string;
  readonly name: string;
  readonly first: HostSession | null;
  readonly second: HostSession | null;
}

/** The packet that would open a BGP session, sent in the snapshot where the session is not up. */
export interface SessionOpening {
  readonly side: Side;
  readonly from: string;
  readonly to: string;
  readonly probe: PreparedProbe;
  readonly answer: Answer;
}

export interface SnapshotComparison {
  readonly first: ComparedSnapshot;
  readonly second: ComparedSnapshot;
  readonly hostsOnlyInFirst: readonly string[];
  readonly hostsOnlyInSecond: readonly string[];
  readonly routes: readonly RouteDifference[];
  readonly policies: readonly PolicyDifference[];
  readonly rules: readonly RuleDifference[];
  readonly sessions: readonly SessionDifference[];
  readonly openings: readonly SessionOpening[];
}

const BGP_PORT = 179;

/** What differs between two snapshots with hosts of the same names, as far as it decides where packets go. */
export function compareSnapshots(first: ComparedSnapshot, second: ComparedSnapshot): SnapshotComparison {
  const routes: RouteDifference[] = [];
  const policies: PolicyDifference[] = [];
  const rules: RuleDifference[] = [];
  for (const one of first.network.hosts.values()) {
    const other = second.network.hosts.get(one.name);
    if (other === undefined) continue;
    append(routes, compareRoutes(one, other, first.network, second.network));
    compareRulesets(one, other, policies, rules);
  }
  const names = (network: Network, than: Network): readonly string[] =>
    [...network.hosts.keys()].filter((name) => !than.hosts.has(name));
  return {
    first,
    second,
    hostsOnlyInFirst: names(first.network, second.network),
    hostsOnlyInSecond: names(second.network, first.network),
    routes,
    policies,
    rules,
    sessions: compareSessions(first.sessions, second.sessions),
    openings: [...openings("first", first, second), ...openings("second", second, first)],
  };
}

function compareRoutes(one: Host, other: Host, first: Network, second: Network): readonly RouteDifference[] {
  const difference = (side: Side, of: Host, than: Host, network: Network): readonly RouteDifference[] => {
    const known = new Set(than.routes.map(printRoute));
    return of.routes
      .filter((route) => !known.has(printRoute(route)))
      .map((route) => ({ host: of.name, side, route, pods: podsWithin(network, route) }));
  };
  return [...difference("first", one, other, first), ...difference("second", other, one, second)];
}

function podsWithin(network: Network, route: Route): readonly string[] {
  if (route.destination.length === 0 || route.type !== "unicast") return [];
  return [...network.endpoints]
    .filter(
      ([name, endpoint]) =>
        name.startsWith("pod/") && endpoint.addresses.some((address) => prefixContains(route.destination, address)),
    )
    .map(([name]) => name);
}

function compareRulesets(one: Host, other: Host, policies: PolicyDifference[], rules: RuleDifference[]): void {
  const chains = new Set([...chainsOf(one).keys(), ...chainsOf(other).keys()]);
  for (const key of chains) {
    const x = chainsOf(one).get(key);
    const y = chainsOf(other).get(key);
    const known = x ?? y;
    if (known === undefined) continue;
    const { family, table } = known;
    if ((x?.chain.policy ?? null) !== (y?.chain.policy ?? null)) {
      policies.push({ host: one.name, family, table, first: x?.chain ?? null, second: y?.chain ?? null });
    }
    const only = (side: Side, of: Chain | undefined, than: Chain | undefined): void => {
      const texts = new Map<string, number>();
      const textOf = (rule: Rule): string => rule.nft?.text ?? printRule(rule, family);
      for (const rule of than?.rules ?? []) texts.set(textOf(rule), (texts.get(textOf(rule)) ?? 0) + 1);
      of?.rules.forEach((rule, index) => {
        const text = textOf(rule);
        const left = texts.get(text) ?? 0;
        if (left > 0) texts.set(text, left - 1);
        else rules.push({ host: one.name, side, family, table, chain: of, index: rule.nft?.index ?? index + 1, rule });
      });
    };
    only("first", x?.chain, y?.chain);
    only("second", y?.chain, x?.chain);
  }
}

interface PlacedChain {
  readonly family: Family;
  /** `filter`, or `inet filter` of nft's own. */
  readonly table: string;
  readonly chain: Chain;
}

const placed = new WeakMap<Host, ReadonlyMap<string, PlacedChain>>();

function chainsOf(host: Host): ReadonlyMap<string, PlacedChain> {
  const known = placed.get(host);
  if (known !== undefined) return known;
  const chains = new Map<string, PlacedChain>();
  for (const { family, backend, tables } of host.rulesets) {
    for (const table of tables.values()) {
      for (const chain of table.chains.values()) {
        chains.set(`${family} ${backend} ${table.name} ${chain.name}`, { family, table: table.name, chain });
      }
    }
  }
  for (const own of nftChainsOf(host)) chains.set(`${own.table} ${own.chain.name}`, own);
  placed.set(host, chains);
  return chains;
}

function compareSessions(first: readonly HostSession[], second: readonly HostSession[]): readonly SessionDifference[] {
  const keys = new Set([...first, ...second].map(sessionKey));
  return [...keys].flatMap((key) => {
    const x = first.find((session) => sessionKey(session) === key) ?? null;
    const y = second.find((session) => sessionKey(session) === key) ?? null;
    const known = x ?? y;
    if (known === null || isUp(x) === isUp(y)) return [];
    return [{ host: known.host, name: known.name, first: x, second: y }];
  });
}

function isUp(session: HostSession | null): boolean {
  return session !== null && isEstablished(session);
}

function sessionKey(session: HostSession): string {
  return `${session.host} ${session.peer === null ? session.name : formatAddress(session.peer)}`;
}

/** For each session that is up in `than` and not in `of`: the connection to port 179 from every side that dials. */
function openings(side: Side, of: ComparedSnapshot, than: ComparedSnapshot): readonly SessionOpening[] {
  return of.sessions.flatMap((session) => {
    const { peer: neighbour, host } = session;
    if (neighbour === null || isEstablished(session) || isPassive(session)) return [];
    const elsewhere = than.sessions.find((other) => sessionKey(other) === sessionKey(session)) ?? null;
    if (!isUp(elsewhere)) return [];
    const prepared = prepareProbe(of.network, {
      from: host,
      to: formatAddress(neighbour),
      kind: "connect",
      protocol: null,
      port: BGP_PORT,
      sport: null,
      size: null,
      df: false,
    });
    if ("findings" in prepared) return [];
    const { probe } = prepared;
    const to = ownerOf(of.network, neighbour) ?? formatAddress(neighbour);
    return [{ side, from: host, to, probe, answer: askProbe(of.network, probe) }];
  });
}

function ownerOf(network: Network, address: Address): string | null {
  for (const host of network.hosts.values()) {
    for (const device of host.interfaces.values()) {
      if (device.addresses.some((item) => sameAddress(item.address, address))) return host.name;
    }
  }
  return null;
}

import type { HostRuntime } from "../../linux/runtime.ts";
import type { NameForwarder, NameLookup } from "../../model/name-lookup.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import { formatProtocol, TCP } from "../../net/protocol.ts";
import { runtimeOf, type World } from "../world.ts";
import { connect } from "./connect.ts";
import type { LookedUp, ProgramReport, ProgramTarget } from "./program.ts";
import { request } from "./request.ts";

const DNS_PORT = 53;
/** A query with the name in it; only its order of size matters. */
const QUERY_SIZE = 60;

/** What a resolver did, and the address that a program then takes; null where it found none. */
export interface Resolution {
  readonly address: Address | null;
  /** As a program that needs the address reports it; of a found name: as nslookup does. */
  readonly report: ProgramReport;
}

/**
 * Asks a server for the names of a search list, one datagram each, until one exists. A server that is not reached ends it: real resolvers
 * ask again for some seconds and then give up.
 */
export function lookup(world: World, runtime: HostRuntime, name: string, how: NameLookup): Resolution {
  const done: LookedUp[] = [];
  const server = formatAddress(how.server);
  const target: ProgramTarget = {
    source: null,
    destination: how.server,
    port: DNS_PORT,
    sport: null,
    size: QUERY_SIZE,
    df: false,
  };
  const failed = (result: ProgramReport["result"], text: string, decisive: number): Resolution => ({
    address: null,
    report: { result, text, hops: [], lookups: done, decisive },
  });
  for (const query of how.queries) {
    const first = world.journeys.length;
    const { result, text } = request(world, runtime, target);
    if (result !== "answered") {
      done.push({ name: query.name, server, answer: null });
      return failed(result, `${server} port ${DNS_PORT} does not answer: ${text}; ${name} has no address`, first);
    }
    const cache = forwarderReached(world, first, how);
    if (cache !== null && query.addresses !== null) {
      const asked = askUpstream(world, cache.host, cache.forwarder, query.name, server);
      if (asked !== null) {
        done.push({ name: query.name, server, answer: null });
        return failed(
          "unreachable",
          `${server} cannot find ${query.name}: SERVFAIL, ${asked.text}`,
          asked.decisive ?? first,
        );
      }
    }
    const answer = (query.addresses ?? []).map(formatAddress);
    done.push({ name: query.name, server, answer });
    if (query.addresses === null) return failed("unreachable", `${server} asks servers elsewhere for ${name}`, first);
    if (query.addresses.length === 0) continue;
    return {
      address: chosen(world, query.name, query.addresses),
      report: {
        result: "answered",
        text: `${query.name} is ${answer.join(", ")}`,
        hops: [],
        lookups: done,
        decisive: first,
      },
    };
  }
  const last = world.journeys.findLastIndex(({ cause }) => cause < 0);
  return failed("unreachable", `bad address '${name}': ${server} knows no such name`, Math.max(last, 0));
}

/** The cache that heard the query of a journey; null: who heard it knows the names himself. */
function forwarderReached(
  world: World,
  journey: number,
  { forwarderAt }: NameLookup,
): { readonly host: string; readonly forwarder: NameForwarder } | null {
  const end = world.journeys[journey]?.end;
  const forwarder = end?.ending.outcome === "delivered" ? forwarderAt(end.host) : null;
  return forwarder === null || end === undefined || end === null ? null : { host: end.host, forwarder };
}

interface Silence {
  readonly text: string;
  /** Null: nobody was asked. */
  readonly decisive: number | null;
}

/**
 * A cache asks its upstream servers, one connection or datagram each, until one answers (coredns/plugin/forward). Where none does, it still
 * answers what it remembers, which nobody tells. Null where there is an answer.
 */
function askUpstream(
  world: World,
  host: string,
  { upstreams }: NameForwarder,
  name: string,
  server: string,
): Silence | null {
  const runtime = runtimeOf(world, host);
  if (upstreams.length === 0 || runtime === null)
    return { text: `the cache on ${host} asks servers elsewhere for it`, decisive: null };
  let last: Silence = { text: "", decisive: null };
  for (const { address, port, protocol } of upstreams) {
    const first = world.journeys.length;
    const program = protocol === TCP ? connect : request;
    const target = { source: null, destination: address, port, sport: null, size: QUERY_SIZE, df: false };
    const { result, text } = program(world, runtime, target);
    if (result === "answered") return null;
    const upstream = `${formatAddress(address)} port ${port} over ${formatProtocol(protocol).toUpperCase()}`;
    last = { text: `the cache on ${host} asks ${upstream}: ${text}`, decisive: first };
  }
  const remembers = world.services.choose({
    kind: "unknown",
    code: "node-local-dns",
    variable: `memory of ${name} on ${host}`,
    question: `does the cache at ${server} on ${host} still remember ${name}? its upstream does not answer`,
    alternatives: [
      { label: "it does not", probability: 0 },
      { label: "it answers", probability: 0 },
    ],
    command: `dig +norecurse @${server} ${name}`,
  });
  return remembers === 1 ? null : last;
}

/** CoreDNS turns the order of the addresses with each answer (plugin/loadbalance, round_robin: by chance), and programs take the first. */
function chosen(world: World, name: string, addresses: readonly Address[]): Address | null {
  const [only] = addresses;
  if (addresses.length < 2) return only ?? null;
  const index = world.services.choose({
    kind: "random",
    variable: `address of ${name}`,
    question: `Which address of ${name} comes first in the answer?`,
    alternatives: addresses.map((address) => ({ label: formatAddress(address), probability: 1 / addresses.length })),
  });
  return addresses[index] ?? null;
}

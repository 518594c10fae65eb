import type { HostRuntime } from "../../linux/runtime.ts";
import type { NameLookup } from "../../model/name-lookup.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import type { World } from "../world.ts";
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

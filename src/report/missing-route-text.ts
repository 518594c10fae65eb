import { consequencesOf, decisiveJourney, isDelivered } from "../analysis/journeys.ts";
import type { MissingRoute } from "../analysis/missing-route.ts";
import { type SessionAttempt, type SessionDown, sessionWords } from "../analysis/session-attempts.ts";
import type { Journey } from "../emulator/journey.ts";
import type { Network } from "../model/network.ts";
import { formatAddress } from "../net/address.ts";
import { formatPrefix } from "../net/prefix.ts";
import { commonResult } from "../trace/result.ts";
import { namedAddress } from "./address-names.ts";
import { describeEnd, kindWords } from "./ending-text.ts";

/** Sessions told one by one. */
const SHOWN = 3;

/** Why a host has no route of BGP: the sessions that are down, what becomes of their SYNs, and what would let them through. */
export function missingRouteFacts(network: Network, missing: MissingRoute): readonly string[] {
  const { host, destination, from, sessions } = missing;
  const teller = from === null ? "" : `, which ${from} has`;
  const head = `${host} has no route to ${formatPrefix(destination)}${teller}`;
  if (sessions.length === 0) return [`${head}: all its BGP sessions are up, and none brings it`];
  const shown = sessions.slice(0, SHOWN).flatMap((session, index) => {
    const facts = sessionFacts(network, session);
    return index === 0 ? [`${head}: ${facts[0] ?? ""}`, ...facts.slice(1)] : facts;
  });
  const more = sessions.length - SHOWN;
  return more > 0 ? [...shown, `and ${more} more BGP sessions are down there`] : shown;
}

/** A session that is down, what becomes of the packets that would open it, and a hint. */
export function sessionFacts(network: Network, session: SessionDown): readonly string[] {
  const { host, peer, address, sides, attempts } = session;
  const words = [...new Set(sides.map(sessionWords))].join(" / ");
  const end = peer === null ? formatAddress(address) : `${peer} (${formatAddress(address)})`;
  const hints = new Set(attempts.flatMap((attempt) => hintOf(network, attempt) ?? []));
  return [
    `BGP ${host}–${end} is down (${words})`,
    ...attempts.map((attempt) => attemptFact(network, attempt)),
    ...(hints.size === 0 ? [] : [`to let it up: ${[...hints].join("; or ")}`]),
  ];
}

/** `worker-1's SYN to 172.16.0.11 (worker-2) port 179 was dropped on worker-2 in INPUT by the policy of filter INPUT, …`. */
export function attemptFact(network: Network, attempt: SessionAttempt): string {
  const { from, to, port } = attempt;
  const head = `${from}'s SYN to ${namedAddress(network, to)} port ${port}`;
  const lost = lostJourney(attempt);
  if (lost === null) return `${head} gets through: TCP is not what keeps the session down`;
  const what = lost.cause < 0 ? head : `the ${kindWords(lost)} to ${head}`;
  const doubt = attempt.answer.certainty === "uncertain" ? ", unless something unknown is otherwise" : "";
  return `${what} ${describeEnd(network, lost)}${doubt}`;
}

/** The packet of an attempt that does not get through; null where the connection comes up. */
export function lostJourney({ answer }: SessionAttempt): Journey | null {
  const [branch] = answer.branches;
  if (branch === undefined || commonResult(answer) === "answered") return null;
  const journey = decisiveJourney(branch.run);
  if (journey === null || !isDelivered(journey)) return journey;
  return consequencesOf(branch.run, journey).find((one) => !isDelivered(one)) ?? journey;
}

/** What lets the packets through where rules of a machine's own INPUT or OUTPUT drop them; null elsewhere. */
function hintOf(network: Network, attempt: SessionAttempt): string | null {
  const lost = lostJourney(attempt);
  const ending = lost?.end?.ending;
  if (lost === null || lost.end === null || ending === undefined || !ending.byRule) return null;
  const { hook } = ending;
  if (hook !== "INPUT" && hook !== "OUTPUT") return null;
  const { host, chain } = lost.end;
  // an accept of iptables does not overrule a drop of nftables' own
  const own = network.hosts
    .get(host)
    ?.nftBaseChains.find((base) => base.hook.toUpperCase() === hook && `${base.family} ${base.table}` === chain?.table);
  if (own !== undefined) {
    const side = lost.cause < 0 ? "dport" : "sport";
    return `nft insert rule ${own.family} ${own.table} ${own.chain} tcp ${side} ${attempt.port} accept on ${host}`;
  }
  const program = lost.end.packet.dst.family === 6 ? "ip6tables" : "iptables";
  const port = lost.cause < 0 ? "--dport" : "--sport";
  return `${program} -I ${hook} -p tcp ${port} ${attempt.port} -j ACCEPT on ${host}`;
}

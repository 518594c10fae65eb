import { type MissingRoute, missingRoute } from "../analysis/missing-route.ts";
import type { Network } from "../model/network.ts";
import { type Source, sourceOf } from "../model/origin.ts";
import { formatAddress } from "../net/address.ts";
import { formatPrefix } from "../net/prefix.ts";
import type { Answer } from "../trace/result.ts";
import { decidingRule } from "./ending-text.ts";
import { attemptFact, lostJourney } from "./missing-route-text.ts";

/** A route that BGP does not bring, with the sessions that are down for it. */
export interface MissingRouteJson {
  readonly host: string;
  readonly destination: string;
  /** Who has the destination; null where no host does. */
  readonly from: string | null;
  readonly sessions: readonly {
    readonly host: string;
    readonly peer: string | null;
    readonly address: string;
    readonly states: readonly { readonly host: string; readonly state: string; readonly error: string | null }[];
    /** The SYNs of the sides that dial. */
    readonly attempts: readonly {
      readonly from: string;
      readonly to: string;
      readonly port: number;
      readonly text: string;
      readonly source: Source | null;
    }[];
  }[];
}

/** The routes of BGP that the packets of an answer met the lack of, each once. */
export function missingRoutesJson({ network, branches }: Answer): readonly MissingRouteJson[] {
  if (network.bgp === undefined) return [];
  const missing = new Set<MissingRoute>();
  for (const { run } of branches) {
    for (const steps of run.steps.values()) {
      for (const step of steps) {
        const found = step.kind === "route" ? missingRoute(network, step.host, step.destination) : null;
        if (found !== null) missing.add(found);
      }
    }
  }
  return [...missing].map((one) => missingRouteJson(network, one));
}

function missingRouteJson(network: Network, { host, destination, from, sessions }: MissingRoute): MissingRouteJson {
  return {
    host,
    destination: formatPrefix(destination),
    from,
    sessions: sessions.map((session) => ({
      host: session.host,
      peer: session.peer,
      address: formatAddress(session.address),
      states: session.sides.map((side) => ({ host: side.host, state: side.bgpState, error: side.lastError })),
      attempts: session.attempts.map((attempt) => {
        const lost = lostJourney(attempt);
        const rule = lost === null ? null : decidingRule(lost);
        return {
          from: attempt.from,
          to: formatAddress(attempt.to),
          port: attempt.port,
          text: attemptFact(network, attempt),
          source: rule === null ? null : sourceOf(network.origins, (rule.rule ?? rule.chain).origin),
        };
      }),
    })),
  };
}

import { isEstablished } from "../analysis/bgp-evidence.ts";
import { lacksRoutes } from "../analysis/missing-route.ts";
import { type SessionDown, sessionsDown } from "../analysis/session-attempts.ts";
import type { Finding } from "../model/finding.ts";
import type { Network } from "../model/network.ts";
import { type Source, sourceOf } from "../model/origin.ts";
import { decidingRule } from "./ending-text.ts";
import { lostJourney, sessionFacts } from "./missing-route-text.ts";

/**
 * Sessions that did not come up when BGP ran, one finding for each cause: the rule or policy that their SYNs end at, else what BIRD says. An error where
 * a host lacks routes for it.
 */
export function bgpFindings(network: Network): readonly Finding[] {
  const { bgp } = network;
  if (bgp === undefined) return [];
  const groups = new Map<string, SessionDown[]>();
  const told = new Set<string>();
  for (const host of new Set(bgp.sessions.filter((one) => !isEstablished(one)).map(({ host }) => host))) {
    for (const session of sessionsDown(network, bgp.sessions, host)) {
      const { family } = session.address;
      if (session.peer !== null && told.has(`${session.peer} ${host} ${family}`)) continue;
      told.add(`${host} ${session.peer} ${family}`);
      const cause = causeOf(network, session);
      groups.set(cause, [...(groups.get(cause) ?? []), session]);
    }
  }
  return [...groups.values()].map((sessions) => findingOf(network, sessions));
}

/** What sessions that are down for the same reason have in common. */
export function causeOf(network: Network, session: SessionDown): string {
  const causes = session.attempts.map((attempt) => {
    const lost = lostJourney(attempt);
    const place = placeOf(network, session);
    if (lost === null) return "through";
    return `${lost.end?.ending.outcome} ${lost.end?.ending.reason} ${place?.file}:${place?.line} ${place === null ? lost.end?.host : ""}`;
  });
  const words = session.sides.map(({ lastError }) => lastError ?? "");
  return [...new Set([...causes, ...words])].sort().join(", ");
}

/** Where the rule is written that ends its packets. */
function placeOf(network: Network, { attempts }: SessionDown): Source | null {
  for (const attempt of attempts) {
    const lost = lostJourney(attempt);
    const rule = lost === null ? null : decidingRule(lost);
    if (rule !== null) return sourceOf(network.origins, (rule.rule ?? rule.chain).origin);
  }
  return null;
}

function findingOf(network: Network, sessions: readonly SessionDown[]): Finding {
  const [first] = sessions;
  const [head = "", ...facts] = first === undefined ? [] : sessionFacts(network, first);
  const hint = facts.find((fact) => fact.startsWith("to let it up"));
  const why = facts.filter((fact) => fact !== hint);
  const others = sessions.length === 1 ? "" : `, and ${sessions.length - 1} more like it`;
  const place = first === undefined ? null : placeOf(network, first);
  const isMissed = sessions.some(
    ({ host, peer }) => lacksRoutes(network, host) || (peer !== null && lacksRoutes(network, peer)),
  );
  return {
    code: "bgp-stays-down",
    severity: isMissed ? "error" : "warning",
    message: `${head}${others}${why.length === 0 ? "" : `: ${why.join("; ")}`}.`,
    ...(place?.file === undefined ? {} : { file: place.file }),
    ...(place?.line === undefined ? {} : { line: place.line }),
    ...(hint === undefined ? {} : { advice: `${hint[0]?.toUpperCase() ?? ""}${hint.slice(1)}.` }),
  };
}

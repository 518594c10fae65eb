import { sessionWords } from "../analysis/session-attempts.ts";
import type { SessionDisagreement } from "../analysis/session-disagreements.ts";
import { sessionMeaning } from "../diagnosis/checks/bgp-session-down.ts";
import type { Finding } from "../model/finding.ts";
import type { Network } from "../model/network.ts";
import { formatSource, sourceOf } from "../model/origin.ts";
import { causeOf } from "./bgp-findings.ts";
import { lostJourney, sessionFacts } from "./missing-route-text.ts";

/** Where BIRD said something else than the emulation does, one finding for each reason: both lines, and why that may be. */
export function sessionDisagreementFindings(
  network: Network,
  disagreements: readonly SessionDisagreement[],
  choices: readonly string[],
): readonly Finding[] {
  const groups = new Map<string, SessionDisagreement[]>();
  for (const one of disagreements) {
    const { kind, down, dumped } = one;
    const cause = down === null ? sessionMeaning(dumped) : causeOf(network, down);
    const key = `${kind} ${cause} ${kind === "error" ? dumped.lastError : ""}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [findingOf(network, first, group.length - 1, choices)];
  });
}

function findingOf(network: Network, one: SessionDisagreement, others: number, choices: readonly string[]): Finding {
  const { dumped, emulated, kind } = one;
  const place = sourceOf(network.origins, dumped.origin);
  const configured = sourceOf(network.origins, emulated.origin);
  const more = others === 0 ? "" : `, and ${others} more like it`;
  const since = dumped.since === "" ? "" : ` since ${dumped.since}`;
  const doubt = choices.length === 0 ? [] : [`nobody knows, and is assumed: ${choices.join("; ")}`];
  const why = [...reasonsOf(network, one), ...doubt].join("; ");
  return {
    code: "bgp-session-otherwise",
    severity: kind === "error" ? "info" : "warning",
    message: `BIRD on ${dumped.host} says of ${dumped.name} “${sessionWords(dumped)}”${since}${more}; started anew from ${configured === null ? "its configuration" : formatSource(configured)} it is “${sessionWords(emulated)}”: ${why}.`,
    ...(place?.file === undefined ? {} : { file: place.file }),
    ...(place?.line === undefined ? {} : { line: place.line }),
    ...(configured === null ? {} : { related: [configured] }),
  };
}

/** Why the dump and the emulation may differ. */
function reasonsOf(network: Network, { kind, dumped, emulated, down, hasUntoldPassword }: SessionDisagreement) {
  const facts = down === null ? [] : sessionFacts(network, down).slice(1);
  switch (kind) {
    case "no-longer": {
      const isLost = down?.attempts.some((attempt) => lostJourney(attempt) !== null) ?? false;
      return isLost
        ? [
            ...facts,
            "a connection that was there before lives on where the rules let ESTABLISHED through, until BIRD or a machine restarts",
          ]
        : [...facts, "the configuration, or an address, has changed since BIRD read it"];
    }
    case "again":
      return [
        "the dump was taken while it was on its way up again, or something keeps it down that the dumps do not show",
        `BIRD's words mostly mean that ${sessionMeaning(dumped)}`,
        ...(hasUntoldPassword ? ["its password is not in the dump, and taken for the right one"] : []),
      ];
    case "error":
      return [
        ...facts,
        `BIRD shows the last error until the session stands again: “${dumped.lastError}” may be of an earlier time than “${emulated.lastError}”`,
      ];
  }
}

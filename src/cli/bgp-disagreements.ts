import { hostSessions } from "../analysis/bgp-evidence.ts";
import type { Reconverged } from "../analysis/reconverge.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { Network } from "../model/network.ts";
import type { BgpOptions } from "./bgp-option.ts";
import type { LoadedNetwork } from "./loaded-network.ts";

/** So many sessions run anew in about a second and a half (docs/lab-notes/bgp-in-commands.md). */
const FEW_SESSIONS = 1000;

/** Where dumped sessions are otherwise than BGP started anew makes them; nothing where that takes long, unless it was asked for. */
export async function dumpedOtherwise(
  { network, settled }: LoadedNetwork,
  evidence: ReadonlyMap<string, Evidence>,
  how: NonNullable<BgpOptions["bgp"]>,
): Promise<readonly Finding[]> {
  const known = [...evidence.values()];
  const count = known.reduce((sum, { bgpSessions }) => sum + bgpSessions.length, 0);
  const isKnown = count > 0 && known.some(({ birdConfigurations }) => birdConfigurations.length > 0);
  if (settled !== null || !isKnown || how === "assume" || (how === "auto" && count > FEW_SESSIONS)) return [];
  const { reconverge } = await import("../analysis/reconverge.ts");
  return disagreements(network, evidence, reconverge(network, evidence));
}

export async function disagreements(
  network: Network,
  evidence: ReadonlyMap<string, Evidence>,
  anew: Reconverged,
): Promise<readonly Finding[]> {
  const [{ sessionDisagreements }, { sessionDisagreementFindings }, { choicesOf }] = await Promise.all([
    import("../analysis/session-disagreements.ts"),
    import("../report/session-disagreement-findings.ts"),
    import("../bgp/reconverge.ts"),
  ]);
  const found = sessionDisagreements(network, hostSessions(evidence), anew);
  return sessionDisagreementFindings(network, found, choicesOf(anew.run));
}

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

/** What of dumped configurations BGP started anew would not follow, such as pipes and other tables; confd renders nothing of that kind. */
export async function notFollowed(
  { network, settled }: LoadedNetwork,
  evidence: ReadonlyMap<string, Evidence>,
): Promise<readonly Finding[]> {
  if (settled !== null || [...evidence.values()].every(({ birdConfigurations }) => birdConfigurations.length === 0))
    return [];
  const { daemonsOf } = await import("../analysis/reconverge.ts");
  return daemonsOf(network, evidence).findings;
}

const tellsSessions = (stem: string): boolean => /^(?:birdc6?-protocols|calico-node-status)$/.test(stem);
const isConfiguration = (stem: string): boolean => /^bird6?$/.test(stem);

/** So many sessions run anew in well under a second, which a trace may take that tells of a loss. */
const SESSIONS_OF_A_TRACE = 110;

/**
 * The same for a packet that did not arrive: of sessions of the hosts that it came to, whose routes it may have missed. Where many sessions
 * were dumped only if `--bgp run` asks for it.
 */
export async function lostOtherwise(
  { network, machines, factEvidence, settled }: LoadedNetwork,
  hosts: ReadonlySet<string>,
  how: NonNullable<BgpOptions["bgp"]>,
): Promise<readonly Finding[]> {
  if (settled !== null || how === "assume" || machines.length === 0) return [];
  const { readEvidence, withEvidence } = await import("../readers/evidence/read-evidence.ts");
  const without = (isWanted: (stem: string) => boolean) => machines.map((machine) => withEvidence(machine, isWanted));
  const told = readEvidence(without(tellsSessions), network.origins, factEvidence).evidence;
  const sessions = hostSessions(told);
  if (!sessions.some(({ host }) => hosts.has(host))) return [];
  if (how === "auto" && sessions.length > SESSIONS_OF_A_TRACE) return [];
  const { evidence } = readEvidence(without(isConfiguration), network.origins, told);
  if (![...evidence.values()].some(({ birdConfigurations }) => birdConfigurations.length > 0)) return [];
  const { reconverge } = await import("../analysis/reconverge.ts");
  const found = await disagreements(network, evidence, reconverge(network, evidence), hosts);
  return found.filter(({ severity }) => severity !== "info");
}

export async function disagreements(
  network: Network,
  evidence: ReadonlyMap<string, Evidence>,
  anew: Reconverged,
  hosts: ReadonlySet<string> | null = null,
): Promise<readonly Finding[]> {
  const [{ sessionDisagreements }, { sessionDisagreementFindings }, { choicesOf }] = await Promise.all([
    import("../analysis/session-disagreements.ts"),
    import("../report/session-disagreement-findings.ts"),
    import("../bgp/reconverge.ts"),
  ]);
  const told = hostSessions(evidence).filter(({ host }) => hosts === null || hosts.has(host));
  const found = sessionDisagreements(network, told, anew);
  return sessionDisagreementFindings(network, found, choicesOf(anew.run));
}

import { UNKNOWN_KEY } from "../emulator/tcp/connection.ts";
import type { Network } from "../model/network.ts";
import { formatAddress, sameAddress } from "../net/address.ts";
import { type HostSession, isEstablished } from "./bgp-evidence.ts";
import type { Reconverged } from "./reconverge.ts";
import { hostWith, type SessionDown, sessionsDown } from "./session-attempts.ts";

/** A session of which BIRD said something else, when the dumps were taken, than comes of it when BGP starts anew from its configuration. */
export interface SessionDisagreement {
  /** `no-longer`: it stands in the dump only. `again`: only if it starts anew. `error`: in neither, and for another reason. */
  readonly kind: "no-longer" | "again" | "error";
  readonly dumped: HostSession;
  readonly emulated: HostSession;
  /** What becomes of the packets that would open it; null where it stands. */
  readonly down: SessionDown | null;
  /** Its password is not told, and taken for the right one. */
  readonly hasUntoldPassword: boolean;
}

/**
 * Holds what BIRD said of its sessions against what comes of them anew. Only those of which both ends run in the emulation: a neighbour whose
 * configuration nobody dumped never answers there.
 */
export function sessionDisagreements(
  network: Network,
  dumped: readonly HostSession[],
  { sessions, run }: Pick<Reconverged, "sessions" | "run">,
): readonly SessionDisagreement[] {
  const found: SessionDisagreement[] = [];
  const emulatedOf = new Map(sessions.map((one) => [keyOf(one), one]));
  for (const told of dumped) {
    const { host, peer } = told;
    if (peer === null) continue;
    const emulated = emulatedOf.get(keyOf(told));
    if (emulated === undefined) continue;
    const kind = kindOf(told, emulated);
    if (kind === null) continue;
    const neighbour = hostWith(network, peer);
    if (neighbour === null || !run.resting.speakers.has(neighbour)) continue;
    const down = isEstablished(emulated)
      ? null
      : (sessionsDown(network, sessions, host).find(({ address }) => sameAddress(address, peer)) ?? null);
    found.push({ kind, dumped: told, emulated, down, hasUntoldPassword: hasUntoldPassword(run, emulated) });
  }
  return found;
}

function keyOf({ host, peer }: HostSession): string {
  return `${host} ${peer === null ? "" : formatAddress(peer)}`;
}

function kindOf(dumped: HostSession, emulated: HostSession): SessionDisagreement["kind"] | null {
  if (isEstablished(dumped)) return isEstablished(emulated) ? null : "no-longer";
  if (isEstablished(emulated)) return "again";
  const { lastError: before } = dumped;
  const { lastError: now } = emulated;
  return before === null || now === null || before === now ? null : "error";
}

function hasUntoldPassword({ speakers }: Reconverged["run"], { host, name }: HostSession): boolean {
  const peers = speakers.get(host)?.flatMap((speaker) => speaker.peers) ?? [];
  return peers.find(({ configuration }) => configuration.name === name)?.configuration.key === UNKNOWN_KEY;
}

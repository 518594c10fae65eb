import type { BgpSession } from "../../model/evidence.ts";
import type { Origin } from "../../model/origin.ts";
import { formatAddress, parseAddress } from "../../net/address.ts";

const SESSION = /^(\S+)\s+(\S.*)$/;
const STATES: ReadonlySet<string> = new Set([
  "Idle",
  "Connect",
  "Active",
  "OpenSent",
  "OpenConfirm",
  "Established",
  "Passive",
]);

/** `10.0.0.2 Established`, or what `birdc show protocols` says in its info column: `10.0.0.2 Active Socket: Connection refused`. Null when it is neither. */
export function readSessionFact(words: string, origin: Origin): BgpSession | null {
  const [, peerText = "", info = ""] = SESSION.exec(words) ?? [];
  const peer = parseAddress(peerText);
  const state = info.split(" ")[0] ?? "";
  if (peer === null || !STATES.has(state)) return null;
  return {
    name: formatAddress(peer),
    kind: "other",
    peer,
    peerPort: null,
    table: null,
    state: state === "Established" ? "up" : "start",
    since: "",
    info,
    bgpState: state,
    lastError: null,
    localAs: null,
    peerAs: null,
    sourceAddress: null,
    imported: null,
    exported: null,
    origin,
  };
}

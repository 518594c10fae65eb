import { drop } from "../linux/endings.ts";
import type { HostRuntime } from "../linux/runtime.ts";
import type { Skb } from "../linux/skb.ts";
import { noteVolatile } from "../linux/walk-record.ts";
import type { Host } from "../model/host.ts";
import type { Interface } from "../model/interface.ts";
import type { World } from "./world.ts";

/** A device of a host. */
interface Place {
  readonly host: Host;
  readonly device: Interface;
}

/** The device that a macvlan sends by: its name on a host, or its number in another namespace (0: not told); null: it is no macvlan. */
function cardOf({
  host,
  device,
}: Place): { readonly host: string | null; readonly name: string; readonly index: number } | null {
  if (device.kind !== "macvlan") return null;
  const lower = device.lower === null ? undefined : host.interfaces.get(device.lower);
  if (device.lower !== null) return { host: host.name, name: device.lower, index: lower?.index ?? 0 };
  return { host: null, name: "", index: device.peerIndex };
}

function isSame(x: number, y: number): boolean {
  return x === 0 || y === 0 || x === y;
}

/** Whether one stands on the other, or both on one card, as far as dumps tell. */
function mayShare(x: Place, y: Place): boolean {
  const card = cardOf(x);
  const other = cardOf(y);
  if (card === null) return other !== null && mayShare(y, x);
  if (other !== null) {
    if (card.host !== null && other.host !== null) return card.host === other.host && card.name === other.name;
    return isSame(card.index, other.index);
  }
  if (card.host !== null) return card.host === y.host.name && card.name === y.device.name;
  return isSame(card.index, y.device.index);
}

/**
 * macvlan_start_xmit(), macvlan_handle_frame(): a frame between a card and a macvlan on it goes out on the wire, and nobody there sends it back, as
 * a rule; between two of them it arrives where both are in mode bridge, which is in no dump that podpath reads. True: it is lost.
 */
export function isLostOnCard(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  to: { readonly runtime: HostRuntime; readonly device: Interface },
  frame: Skb,
): boolean {
  const receiver = { host: to.runtime.host, device: to.device };
  if (device.kind !== "macvlan" && receiver.device.kind !== "macvlan") return false;
  if (!mayShare({ host: runtime.host, device }, receiver)) return false;
  noteVolatile();
  const ends = [`${device.name} of ${runtime.host.name}`, `${receiver.device.name} of ${receiver.host.name}`];
  const taken = world.services.choose({
    kind: "unknown",
    code: "unmodelled-device",
    variable: `frames from ${ends.join(" to ")}`,
    question: `does a frame from ${ends.join(" get to ")}? they may stand on one card, and then it depends on the modes of macvlan`,
    alternatives: [
      { label: "it does", probability: 0 },
      { label: "it is lost", probability: 0 },
    ],
    command: `ip -d link show ${device.name}`,
  });
  if (taken === 0) return false;
  drop(runtime, frame, null, null, `lost between ${ends.join(" and ")}, which stand on one card`);
  return true;
}

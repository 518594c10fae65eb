import { TCP } from "../net/protocol.ts";
import { checksumDrop } from "./checksum-drop.ts";
import type { DropReason } from "./drop-reason.ts";
import { unhandledExtension } from "./extension-headers.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** `reason` null: the kernel names none. */
export interface ReceiverDrop {
  readonly reason: DropReason | null;
  readonly text: string;
}

const FOR_MANY: ReceiverDrop = { reason: null, text: "TCP discards what comes in a frame for many" };

/**
 * Why the handler of a packet's protocol drops it before it looks for a socket: TCP asks whom the frame was for (tcp_v4_rcv(), tcp_v6_rcv()),
 * and then each for the checksum. Null where it goes on, or where an extension header that nothing handles keeps it from the handler.
 */
export function receiverDrop({ host }: HostRuntime, skb: Skb): ReceiverDrop | null {
  const { packet, packetType } = skb;
  const isForMany = packet.protocol === TCP && packetType !== "host";
  if (!isForMany && !packet.badChecksum) return null;
  if (unhandledExtension(packet) !== null) return null;
  if (isForMany) return FOR_MANY;
  const reason = checksumDrop(host, skb);
  return reason === null ? null : { reason, text: "its checksum is wrong" };
}

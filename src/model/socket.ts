import { type Address, sameAddress } from "../net/address.ts";
import type { Packet } from "../net/packet.ts";
import type { Origin } from "./origin.ts";

/** A socket that receives: a listening TCP or SCTP socket, or a bound UDP one. */
export interface ListeningSocket {
  /** IP protocol number. */
  readonly protocol: number;
  /** Null: the wildcard of its family, or of both when `family` is null. */
  readonly address: Address | null;
  /** 4 or 6 for a socket of one family only; null for a dual-stack `*`. */
  readonly family: 4 | 6 | null;
  readonly port: number;
  readonly interface: string | null;
  /** A raw socket: it hears every packet of its protocol, and errors about what goes out; its port is 0. */
  readonly raw?: boolean;
  readonly process: string | null;
  /** `emulated`: a daemon that was started here opened it. `declared` by a manifest only: assumed to be open. */
  readonly certainty: "dumped" | "emulated" | "declared";
  readonly origin: Origin;
}

/**
 * Whether what is sent to this destination and port, and came in by this device, reaches the socket (compute_score(),
 * net/ipv4/inet_hashtables.c and udp.c). A socket that is bound to a device hears nothing from others.
 */
export function listensFor(socket: ListeningSocket, { protocol, dst, dport }: Packet, device: string | null): boolean {
  if (socket.protocol !== protocol || socket.port !== dport || socket.raw === true) return false;
  if (socket.interface !== null && socket.interface !== device) return false;
  if (socket.address !== null) return sameAddress(socket.address, dst);
  return socket.family === null || socket.family === dst.family;
}

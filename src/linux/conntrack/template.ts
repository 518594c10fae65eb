import { unspecified } from "../../net/address.ts";
import type { Skb } from "../skb.ts";
import { type Connection, IPS_CONFIRMED } from "./connection.ts";
import { tuple } from "./tuple.ts";

/** What matches read of a connection; a template has no time at which it expires. */
export type SeenConnection = Pick<Connection, "original" | "reply" | "status"> & { readonly expires: number | null };

const NOTHING4 = tuple(unspecified(4), unspecified(4), 0, 0, 0, 0);
const NOTHING6 = tuple(unspecified(6), unspecified(6), 0, 0, 0, 0);
const TEMPLATE4: SeenConnection = { original: NOTHING4, reply: NOTHING4, status: IPS_CONFIRMED, expires: null };
const TEMPLATE6: SeenConnection = { original: NOTHING6, reply: NOTHING6, status: IPS_CONFIRMED, expires: null };

/**
 * The packet's connection as matches see it (nf_ct_get): between `-j CT` and the look-up the template, a connection of nobody
 * with nobody (`-m cluster` finds none: its hash knows no such family). Null where there is neither.
 */
export function seenConnection({ connection, template, packet }: Skb): SeenConnection | null {
  if (connection !== null) return connection;
  if (template === null) return null;
  return packet.src.family === 4 ? TEMPLATE4 : TEMPLATE6;
}

import type { Address } from "../net/address.ts";
import { layering } from "./layered-list.ts";
import type { Origin } from "./origin.ts";

/** One line of `ip neigh`. States are the kernel's NUD_* names. */
export interface Neighbour {
  readonly address: Address;
  readonly interface: string;
  /** Null while unresolved. */
  readonly mac: string | null;
  readonly state: "PERMANENT" | "NOARP" | "REACHABLE" | "STALE" | "DELAY" | "PROBE" | "INCOMPLETE" | "FAILED" | "NONE";
  readonly router: boolean;
  /** A `proxy` entry (`ip neigh add proxy`): this host answers for the address. */
  readonly proxy: boolean;
  readonly origin: Origin;
}

/** One line of `bridge fdb`. */
export interface FdbEntry {
  readonly mac: string;
  readonly interface: string;
  /** Remote VTEP of a VXLAN device (`dst`). */
  readonly destination: Address | null;
  /** Device that the way to the remote VTEP is bound to (`via`); null or absent: any. */
  readonly via?: string | null;
  readonly vlan: number | null;
  readonly master: string | null;
  readonly permanent: boolean;
  readonly origin: Origin;
}

/** Neighbours of a host that shares most of them with others (`Host.neighbours`). */
export const layeredNeighbours = layering<Neighbour>();

/** The same of `Host.fdb`. */
export const layeredFdb = layering<FdbEntry>();

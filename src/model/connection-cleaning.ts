import type { ConntrackRecord } from "./conntrack-record.ts";

/** Programs that take connections out of the tables of nodes when what they lead to has gone. */
export interface ConnectionCleaning {
  /**
   * Who deletes a connection on a host as the cluster comes to be this, and why; null: nobody.
   *
   * @param before what cleaned before the change
   */
  deletes(host: string, connection: ConntrackRecord, before: ConnectionCleaning): string | null;
  /** Addresses of endpoints that a UDP Service had at an address and port (`10.96.0.10 53`), or a node port (`30053`); null: it is none's. */
  endpointsAt(frontend: string): ReadonlySet<string> | null;
  /** Addresses of pods with a network of their own on a node. */
  podsOn(host: string): ReadonlySet<string>;
}

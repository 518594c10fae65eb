import type { Address } from "../net/address.ts";

/** A name that a resolver asks its server for, and what comes back where the server is reached. */
export interface NameQuery {
  readonly name: string;
  /** Empty: there is no such name. Null: the server asks others, who are not part of the model. */
  readonly addresses: readonly Address[] | null;
}

/** Whom a cache of names asks for what it does not remember. */
export interface NameUpstream {
  readonly address: Address;
  readonly port: number;
  /** IP protocol number. */
  readonly protocol: number;
}

/** A server that remembers answers and asks others for the rest. */
export interface NameForwarder {
  /** One after the other until one answers. Empty: servers that are not part of the model. */
  readonly upstreams: readonly NameUpstream[];
}

/** How the programs of one host find the addresses of a name (resolver(3)). */
export interface NameLookup {
  /** Whom they ask; the others of a list only count where the first is silent, which is not modelled. */
  readonly server: Address;
  /** In order: the search list's first. What follows a name that exists is not asked. */
  readonly queries: readonly NameQuery[];
  /** The cache that has the server's address on a host; null: who hears the query there knows the names himself. */
  readonly forwarderAt: (host: string) => NameForwarder | null;
}

/** Null where the resolver of the host is not known. */
export type NameService = (host: string, name: string) => NameLookup | null;

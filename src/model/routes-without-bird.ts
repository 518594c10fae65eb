import type { Family } from "../net/address.ts";
import type { Host } from "./host.ts";
import type { Route } from "./route.ts";

type Made = (families: readonly Family[]) => readonly Route[];

const known = new WeakMap<Host, Made>();

/** Says how the routes of a host are made without those that a BIRD of some families is taken to have put there. */
export function tellRoutesWithoutBird(host: Host, made: Made): void {
  known.set(host, made);
}

/** Null where nobody told of this very host: its routes are to be looked through. */
export function routesWithoutBird(host: Host, families: readonly Family[]): readonly Route[] | null {
  return known.get(host)?.(families) ?? null;
}

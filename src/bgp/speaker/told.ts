import { sameAddress } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import type { PathAttributes } from "../messages/path-attributes.ts";
import type { PrefixKey, RibRoute, RouteOwner } from "../rib/route.ts";
import type { BgpCore } from "./bgp-core.ts";

/** What an audience was told of a destination, or of one route to it; who told it hears nothing of it. */
export interface Told {
  /** Of the destination. */
  readonly number: number;
  readonly pathId: number;
  readonly attributes: PathAttributes;
  /** Null: the route did not come by BGP. */
  readonly teller: RouteOwner | null;
}

/** It is another one now. */
export interface Change {
  /** Name of destination and path identifier. */
  readonly name: PrefixKey;
  readonly number: number;
  readonly pathId: number;
  readonly before: Told | null;
  readonly now: Told | null;
}

/** The protocol that told a route to this daemon; null: it did not come by BGP. */
export function tellerOf(route: RibRoute | null): RouteOwner | null {
  return route === null || route.owner.bgp === null ? null : route.owner;
}

/** What a member sees of what all were told; `member` null: what those see whom it concerns as it concerns all. */
export function seenBy(member: RouteOwner | null, told: Told | null): PathAttributes | null {
  if (told === null || (member !== null && told.teller === member)) return null;
  return member !== null && leadsTo(told.attributes, member) ? null : told.attributes;
}

/** A route whose next hop is the neighbour itself does not go out to it (bgp_get_bucket), nor in BIRD 2 one for which there is none. */
export function leadsTo({ nextHop, mpReach }: PathAttributes, { bgp }: RouteOwner): boolean {
  const hop = nextHop ?? mpReach?.nextHops[0] ?? null;
  return hop === null || (bgp !== null && sameAddress(hop, bgp.remoteAddress));
}

/** A route that is offered to an audience. */
interface Offer {
  readonly name: PrefixKey;
  readonly pathId: number;
  readonly route: RibRoute;
}

export function offersOf(
  core: BgpCore,
  addPath: boolean,
  number: number,
  routes: readonly RibRoute[],
): readonly Offer[] {
  const key = keyOf(core, number);
  if (addPath) {
    return routes.map((route) => {
      const pathId = sourceId(core, route);
      return { name: pathName(key, pathId), pathId, route };
    });
  }
  const [best] = routes;
  return best === undefined ? [] : [{ name: key, pathId: 0, route: best }];
}

export function keyOf({ table }: BgpCore, number: number): PrefixKey {
  return table.numbering.keys[number] ?? "";
}

export function destinationOf({ table }: BgpCore, number: number): Prefix {
  const found = table.numbering.destinations[number];
  if (found === undefined) throw new Error(`no destination has the number ${number}`);
  return found;
}

/** Path identifiers that a number has room for beside a prefix of IPv4. */
const PATHS = 0x8000;

export function pathName(key: PrefixKey, pathId: number): PrefixKey {
  return typeof key === "number" && pathId < PATHS ? key * PATHS + pathId : `${key} ${pathId}`;
}

/** The number of a source of routes that goes out; null: none was needed yet. */
export function knownId({ sourceIds }: BgpCore, { owner, path }: RibRoute): number | null {
  return sourceIds.get(owner.name)?.get(path) ?? null;
}

/** What BIRD tells routes of one destination apart by on the wire: a number for each source of routes. */
export function sourceId(core: BgpCore, { owner, path }: RibRoute): number {
  let ofOwner = core.sourceIds.get(owner.name);
  if (ofOwner === undefined) {
    ofOwner = new Map();
    core.sourceIds.set(owner.name, ofOwner);
  }
  let id = ofOwner.get(path);
  if (id === undefined) {
    id = ++core.sources;
    ofOwner.set(path, id);
  }
  return id;
}

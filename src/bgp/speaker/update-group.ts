import type { BirdFilterUse } from "../../model/bird/configuration.ts";
import { type FilterEnvironment, runFilter } from "../filter/evaluate.ts";
import type { PathAttributes } from "../messages/path-attributes.ts";
import { attributesToSend, type Exporter } from "../rib/bgp-attributes.ts";
import type { RibRoute } from "../rib/route.ts";
import type { Peer } from "./peer.ts";
import type { SpeakerCore } from "./protocol.ts";
import { sharedAttributes } from "./shared-attributes.ts";

/** What becomes of a route on its way out. `rejected`: the protocol itself does not let it out, `filtered`: the export filter. */
export type Outgoing =
  | { readonly kind: "accepted"; readonly attributes: PathAttributes }
  | { readonly kind: "rejected" }
  | { readonly kind: "filtered"; readonly error: string | null };

/**
 * Neighbours whom a daemon tells the same: one export filter, and one way to make attributes. What a route becomes for them is
 * made once, but for a route's own teller, who never hears it again.
 */
export interface UpdateGroup {
  readonly exporter: Exporter;
  readonly filter: BirdFilterUse;
  readonly environment: FilterEnvironment;
}

const REJECTED: Outgoing = { kind: "rejected" };

const groups = new WeakMap<FilterEnvironment, Map<string, UpdateGroup>>();

/** The group that a neighbour is in, as its session stands now. */
export function updateGroupOf(core: SpeakerCore, { exporter, configuration }: Peer): UpdateGroup {
  const environment = core.configuration.filters;
  const known = groups.get(environment) ?? new Map<string, UpdateGroup>();
  groups.set(environment, known);
  // The neighbour itself does not count for what it is told, nor where in a file its filter stands.
  const { remoteAddress: _address, remoteId: _id, ...shared } = exporter;
  const key = JSON.stringify([shared, filterKey(configuration.export)]);
  const group = known.get(key);
  if (group !== undefined) return group;
  const filter = configuration.export;
  const made: UpdateGroup = { exporter: { ...exporter }, filter, environment };
  known.set(key, made);
  return made;
}

const keys = new WeakMap<BirdFilterUse, string>();

function filterKey(filter: BirdFilterUse): string {
  const known = keys.get(filter);
  if (known !== undefined) return known;
  const key = JSON.stringify(filter, (name, value: unknown) => (name === "origin" || name === "column" ? 0 : value));
  keys.set(filter, key);
  return key;
}

/** What a route becomes for all neighbours of a group but the one who told it. */
export function outgoingOf(
  core: SpeakerCore,
  { exporter, filter, environment }: UpdateGroup,
  route: RibRoute,
): Outgoing {
  const attributes = attributesToSend(route, exporter);
  if (attributes === null) return REJECTED;
  const verdict = runFilter(filter, { ...route, attributes }, environment);
  if (verdict.kind === "accept") {
    return {
      kind: "accepted",
      attributes: sharedAttributes(core.world, sorted(verdict.route.attributes ?? attributes)),
    };
  }
  return { kind: "filtered", error: verdict.kind === "error" ? verdict.text : null };
}

/** bgp_normalize_int_set() and others: communities go out in order. */
function sorted(found: PathAttributes): PathAttributes {
  const { communities, extendedCommunities, largeCommunities } = found;
  const many = (list: readonly unknown[] | null): boolean => list !== null && list.length > 1;
  if (!many(communities) && !many(extendedCommunities) && !many(largeCommunities)) return found;
  const byParts = (x: readonly number[], y: readonly number[]): number => {
    for (const [index, part] of x.entries()) if (part !== y[index]) return part - (y[index] ?? 0);
    return 0;
  };
  return {
    ...found,
    communities: communities === null ? null : [...communities].sort((x, y) => x - y),
    extendedCommunities: extendedCommunities === null ? null : [...extendedCommunities].sort(byParts),
    largeCommunities: largeCommunities === null ? null : [...largeCommunities].sort(byParts),
  };
}

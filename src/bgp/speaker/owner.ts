import type { Exporter } from "../rib/bgp-attributes.ts";
import { sharedOwner } from "../rib/numbering.ts";
import type { BgpOwner, RouteOwner } from "../rib/route.ts";
import { renameOwner } from "../rib/table.ts";
import { renameTeller } from "./audience.ts";
import type { BgpCore } from "./bgp-core.ts";
import type { Peer } from "./peer.ts";

/** What the decision process asks about an instance. `remoteId`: how its neighbour calls itself, 0 before it told. */
export function bgpOwner(exporter: Exporter, remoteId: number): BgpOwner {
  const { internal, localAs, remoteAs, remoteAddress, reflectorClient, clusterId } = exporter;
  const { defaultLocalPref, defaultMed, medMetric, preferOlder } = exporter;
  const { deterministicMed, comparesPathLength, comparesIgpMetric } = exporter;
  return {
    internal,
    localAs,
    remoteAs,
    remoteAddress,
    remoteId,
    reflectorClient,
    clusterId,
    defaultLocalPref,
    defaultMed,
    medMetric,
    preferOlder,
    deterministicMed,
    comparesPathLength,
    comparesIgpMetric,
  };
}

/** The neighbour has told its identifier: routes that it told when it had another one are its own still. */
export function identify(core: BgpCore, { exporter, protocol }: Peer, identifier: number): void {
  const { owner: old } = protocol;
  const before = old.bgp?.remoteId ?? 0;
  if (before === identifier) return;
  protocol.owner = identified(core, old, exporter, identifier);
  if (before === 0) return;
  if (protocol.imported > 0) renameOwner(core.table, old, protocol.owner);
  renameTeller(core, old, protocol.owner);
}

/** What owners became whose neighbour told its identifier last: on many hosts it is one neighbour, and one owner. */
const latest = new WeakMap<RouteOwner, RouteOwner>();

function identified({ table }: BgpCore, old: RouteOwner, exporter: Exporter, identifier: number): RouteOwner {
  const known = latest.get(old);
  if (known?.bgp?.remoteId === identifier) return known;
  const { name, order } = old;
  const made = sharedOwner(table.numbering, { name, order, bgp: bgpOwner(exporter, identifier) });
  latest.set(old, made);
  return made;
}

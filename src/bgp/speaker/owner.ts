import type { Exporter } from "../rib/bgp-attributes.ts";
import { sharedOwner } from "../rib/numbering.ts";
import type { BgpOwner } from "../rib/route.ts";
import { renameOwner } from "../rib/table.ts";
import { renameTeller } from "./audience.ts";
import type { BgpCore } from "./bgp-core.ts";
import type { Peer } from "./peer.ts";

/** What the decision process asks about an instance. */
export function bgpOwner(exporter: Exporter): BgpOwner {
  const { internal, localAs, remoteAs, remoteAddress, remoteId, reflectorClient, clusterId } = exporter;
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
  if (exporter.remoteId === identifier) return;
  const { remoteId: before } = exporter;
  exporter.remoteId = identifier;
  const { owner: old } = protocol;
  protocol.owner = sharedOwner(core.table.numbering, { name: old.name, order: old.order, bgp: bgpOwner(exporter) });
  if (before === 0) return;
  if (protocol.imported > 0) renameOwner(core.table, old, protocol.owner);
  renameTeller(core, old, protocol.owner);
}

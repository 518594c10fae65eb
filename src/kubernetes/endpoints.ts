import { NO_ORIGIN, type Origin } from "../model/origin.ts";
import { addressField } from "./address-field.ts";
import { type EndpointPort, endpointPort, type SliceEndpoint, targetPod } from "./endpoint-slice.ts";
import { type Field, listOf, member, text } from "./field.ts";
import { type Metadata, readMetadata } from "./metadata.ts";

export interface EndpointSubset {
  readonly endpoints: readonly SliceEndpoint[];
  readonly ports: readonly EndpointPort[];
}

/** A v1 Endpoints object; it has the name of its Service. */
export interface Endpoints {
  readonly metadata: Metadata;
  readonly subsets: readonly EndpointSubset[];
  /** False where the source tells ports without their protocols. */
  readonly protocolsTold: boolean;
}

function readAddresses(field: Field, ready: boolean): readonly SliceEndpoint[] {
  return listOf(field, (entry) => {
    const address = addressField(member(entry, "ip"));
    if (address === null) return null;
    return {
      addresses: [address],
      ready,
      serving: ready,
      terminating: false,
      nodeName: text(member(entry, "nodeName")),
      pod: targetPod(member(entry, "targetRef")),
      hostname: text(member(entry, "hostname")),
      zone: null,
      forZones: [],
      forNodes: [],
      podOrigin: NO_ORIGIN,
    };
  });
}

/** `untold` names the fields that the source does not tell. */
export function readEndpoints(resource: Field, origin: Origin, untold?: ReadonlySet<string>): Endpoints {
  return {
    metadata: readMetadata(resource, origin),
    protocolsTold: untold?.has("subsets.ports.protocol") !== true,
    subsets: listOf(member(resource, "subsets"), (subset) => ({
      endpoints: [
        ...readAddresses(member(subset, "addresses"), true),
        ...readAddresses(member(subset, "notReadyAddresses"), false),
      ],
      ports: listOf(member(subset, "ports"), endpointPort),
    })),
  };
}

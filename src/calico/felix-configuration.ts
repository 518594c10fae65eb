import { type Field, isRecord, member } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import type { Origin } from "../model/origin.ts";

/** A projectcalico.org/v3 FelixConfiguration: `default` for all nodes, `node.NAME` for one. */
export interface FelixConfiguration {
  readonly metadata: Metadata;
  /** The fields of its spec, as written. */
  readonly spec: ReadonlyMap<string, unknown>;
}

export function readFelixConfiguration(resource: Field, origin: Origin): FelixConfiguration {
  const { value } = member(resource, "spec");
  return { metadata: readMetadata(resource, origin), spec: new Map(isRecord(value) ? Object.entries(value) : []) };
}

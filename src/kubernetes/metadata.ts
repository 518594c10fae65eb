import type { Origin } from "../model/origin.ts";
import { type Field, member, text, textMap } from "./field.ts";

/** What every API object has, and where it was written. */
export interface Metadata {
  readonly kind: string;
  readonly apiVersion: string;
  /** Null for objects that live in no namespace. */
  readonly namespace: string | null;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  readonly origin: Origin;
}

/** Reads `metadata`; the name is the empty string when it is missing. */
export function readMetadata(resource: Field, origin: Origin): Metadata {
  const metadata = member(resource, "metadata");
  return {
    kind: text(member(resource, "kind")) ?? "",
    apiVersion: text(member(resource, "apiVersion")) ?? "",
    namespace: text(member(metadata, "namespace")),
    name: text(member(metadata, "name")) ?? "",
    labels: textMap(member(metadata, "labels")),
    annotations: textMap(member(metadata, "annotations")),
    origin,
  };
}

/** `Pod shop/web-0`, `Node worker-1`. */
export function describeResource(kind: string, namespace: string | null, name: string): string {
  return `${kind} ${namespace === null ? "" : `${namespace}/`}${name}`;
}

import type { Origin } from "../model/origin.ts";
import { type Field, isRecord, member, type SharedTexts, text, textMap } from "./field.ts";

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

/**
 * Labels of a projectcalico.org/v3 object: calicoctl takes numbers and truth values there for their texts (sigs.k8s.io/yaml), kubectl
 * does not.
 */
function labelsOf(field: Field, apiVersion: string, shared?: SharedTexts): ReadonlyMap<string, string> {
  const { value } = field;
  if (apiVersion !== "projectcalico.org/v3" || !isRecord(value)) return textMap(field, shared);
  const texts = Object.entries(value).map(([key, label]) => [
    key,
    typeof label === "number" || typeof label === "boolean" ? String(label) : label,
  ]);
  return textMap({ ...field, value: Object.fromEntries(texts) });
}

/** Reads `metadata`; the name is the empty string when it is missing. */
export function readMetadata(resource: Field, origin: Origin): Metadata {
  return readSharedMetadata(resource, origin, undefined);
}

/** The same; labels that were read before are one object with those. */
export function readSharedMetadata(resource: Field, origin: Origin, shared: SharedTexts | undefined): Metadata {
  const metadata = member(resource, "metadata");
  const apiVersion = text(member(resource, "apiVersion")) ?? "";
  return {
    kind: text(member(resource, "kind")) ?? "",
    apiVersion,
    namespace: text(member(metadata, "namespace")),
    name: text(member(metadata, "name")) ?? "",
    labels: labelsOf(member(metadata, "labels"), apiVersion, shared),
    annotations: textMap(member(metadata, "annotations")),
    origin,
  };
}

/** `Pod shop/web-0`, `Node worker-1`. */
export function describeResource(kind: string, namespace: string | null, name: string): string {
  return `${kind} ${namespace === null ? "" : `${namespace}/`}${name}`;
}

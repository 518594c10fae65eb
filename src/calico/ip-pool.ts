import { prefixField } from "../kubernetes/address-field.ts";
import { complain, type Field, flag, integer, member, text } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import type { Origin } from "../model/origin.ts";
import type { Prefix } from "../net/prefix.ts";

export type EncapsulationMode = "Never" | "Always" | "CrossSubnet";

/** An IPPool; crd.projectcalico.org/v1 and projectcalico.org/v3 have the same spec. */
export interface IPPool {
  readonly metadata: Metadata;
  readonly cidr: Prefix;
  readonly ipipMode: EncapsulationMode;
  readonly vxlanMode: EncapsulationMode;
  readonly natOutgoing: boolean;
  readonly disabled: boolean;
  readonly blockSize: number;
  readonly nodeSelector: string;
}

function mode(field: Field): EncapsulationMode {
  const written = text(field) ?? "";
  if (written === "Always" || written === "CrossSubnet" || written === "Never") return written;
  if (written !== "") complain(field, "Never, Always or CrossSubnet");
  return "Never";
}

/** Null without a usable `spec.cidr`. */
export function readIPPool(resource: Field, origin: Origin): IPPool | null {
  const spec = member(resource, "spec");
  const cidr = prefixField(member(spec, "cidr"));
  if (cidr === null) return null;
  return {
    metadata: readMetadata(resource, origin),
    cidr,
    ipipMode: mode(member(spec, "ipipMode")),
    vxlanMode: mode(member(spec, "vxlanMode")),
    natOutgoing: flag(member(spec, "natOutgoing")) ?? false,
    disabled: flag(member(spec, "disabled")) ?? false,
    blockSize: integer(member(spec, "blockSize")) ?? (cidr.address.family === 4 ? 26 : 122),
    nodeSelector: text(member(spec, "nodeSelector")) || "all()",
  };
}

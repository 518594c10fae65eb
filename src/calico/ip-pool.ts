import { prefixField } from "../kubernetes/address-field.ts";
import { complain, type Field, flag, integer, listOf, member, text } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import type { Origin } from "../model/origin.ts";
import type { Prefix } from "../net/prefix.ts";

export type EncapsulationMode = "Never" | "Always" | "CrossSubnet";

export type PoolUse = "Workload" | "Tunnel" | "LoadBalancer";

/** An IPPool; crd.projectcalico.org/v1 and projectcalico.org/v3 have the same spec. */
export interface IPPool {
  readonly metadata: Metadata;
  readonly cidr: Prefix;
  /** Null, here and below: the source does not tell. */
  readonly ipipMode: EncapsulationMode | null;
  readonly vxlanMode: EncapsulationMode | null;
  readonly natOutgoing: boolean | null;
  readonly disabled: boolean | null;
  /** Routes of the pool's addresses are given to no BGP peer. */
  readonly disableBGPExport: boolean | null;
  readonly blockSize: number;
  readonly nodeSelector: string;
  /** Which namespaces may take addresses of it (from v3.31); the empty string: all. */
  readonly namespaceSelector: string;
  readonly allowedUses: readonly PoolUse[];
  /** `Manual` pools (from v3.30) serve only those who ask for them by name. */
  readonly assignmentMode: "Automatic" | "Manual";
}

/** `spec.allowedUses`; Workload and Tunnel where it is absent or empty. */
export function allowedUses(field: Field): readonly PoolUse[] {
  const uses = listOf(field, (element) => {
    const use = text(element);
    if (use === "Workload" || use === "Tunnel" || use === "LoadBalancer") return use;
    complain(element, "Workload, Tunnel or LoadBalancer");
    return null;
  });
  return uses.length > 0 ? uses : ["Workload", "Tunnel"];
}

/** `spec.assignmentMode`; Automatic where it is absent. */
export function assignmentMode(field: Field): IPPool["assignmentMode"] {
  const written = text(field) ?? "";
  if (written !== "" && written !== "Automatic" && written !== "Manual") complain(field, "Automatic or Manual");
  return written === "Manual" ? "Manual" : "Automatic";
}

function mode(field: Field): EncapsulationMode {
  const written = text(field) ?? "";
  if (written === "Always" || written === "CrossSubnet" || written === "Never") return written;
  if (written !== "") complain(field, "Never, Always or CrossSubnet");
  return "Never";
}

/** Null without a usable `spec.cidr`. `untold` names the fields that the source does not tell. */
export function readIPPool(resource: Field, origin: Origin, untold?: ReadonlySet<string>): IPPool | null {
  const spec = member(resource, "spec");
  const cidr = prefixField(member(spec, "cidr"));
  if (cidr === null) return null;
  const ifTold = <T>(name: string, value: T): T | null => (untold?.has(`spec.${name}`) ? null : value);
  return {
    metadata: readMetadata(resource, origin),
    cidr,
    ipipMode: ifTold("ipipMode", mode(member(spec, "ipipMode"))),
    vxlanMode: ifTold("vxlanMode", mode(member(spec, "vxlanMode"))),
    natOutgoing: ifTold("natOutgoing", flag(member(spec, "natOutgoing")) ?? false),
    disabled: ifTold("disabled", flag(member(spec, "disabled")) ?? false),
    disableBGPExport: ifTold("disableBGPExport", flag(member(spec, "disableBGPExport")) ?? false),
    blockSize: integer(member(spec, "blockSize")) ?? (cidr.address.family === 4 ? 26 : 122),
    nodeSelector: text(member(spec, "nodeSelector")) || "all()",
    namespaceSelector: text(member(spec, "namespaceSelector")) ?? "",
    allowedUses: allowedUses(member(spec, "allowedUses")),
    assignmentMode: assignmentMode(member(spec, "assignmentMode")),
  };
}

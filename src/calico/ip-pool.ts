import { prefixField } from "../kubernetes/address-field.ts";
import { complain, type Field, flag, integer, listOf, member, text } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import type { Origin } from "../model/origin.ts";
import type { Prefix } from "../net/prefix.ts";
import { writtenSelector } from "./written-selector.ts";

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

/**
 * How long the prefix of a block is: /20 to /32 and /116 to /128, and no block is larger than its pool. What the API
 * refuses (libcalico-go/lib/validator/v3, validateIPPoolSpec) is complained of; then the usual size counts.
 */
export function blockSize(field: Field, cidr: Prefix): number {
  const [smallest, largest, usual] = cidr.address.family === 4 ? [20, 32, 26] : [116, 128, 122];
  const written = integer(field);
  if (written !== null && written >= smallest && written <= largest && written >= cidr.length) return written;
  if (written !== null || usual < cidr.length)
    complain(field, `a prefix length from ${Math.max(smallest, cidr.length)} to ${largest}`);
  return usual;
}

/** A selector as it is written; one that makes no sense is complained of, and selects nothing. */
export function selectorText(field: Field): string {
  return writtenSelector(field)?.text ?? "";
}

/** Null without a usable `spec.cidr`. `untold` names the fields that the source does not tell. */
export function readIPPool(resource: Field, origin: Origin, untold?: ReadonlySet<string>): IPPool | null {
  const spec = member(resource, "spec");
  const cidr = prefixField(member(spec, "cidr"));
  if (cidr === null) return null;
  const ipipMode = mode(member(spec, "ipipMode"));
  const vxlanMode = mode(member(spec, "vxlanMode"));
  if (ipipMode !== "Never" && cidr.address.family === 6) complain(member(spec, "ipipMode"), "Never: IPIP is for IPv4");
  if (ipipMode !== "Never" && vxlanMode !== "Never")
    complain(member(spec, "vxlanMode"), "Never, as ipipMode says otherwise already");
  const ifTold = <T>(name: string, value: T): T | null => (untold?.has(`spec.${name}`) ? null : value);
  return {
    metadata: readMetadata(resource, origin),
    cidr,
    ipipMode: ifTold("ipipMode", cidr.address.family === 6 ? "Never" : ipipMode),
    vxlanMode: ifTold("vxlanMode", ipipMode === "Never" || cidr.address.family === 6 ? vxlanMode : "Never"),
    natOutgoing: ifTold("natOutgoing", flag(member(spec, "natOutgoing")) ?? false),
    disabled: ifTold("disabled", flag(member(spec, "disabled")) ?? false),
    disableBGPExport: ifTold("disableBGPExport", flag(member(spec, "disableBGPExport")) ?? false),
    blockSize: blockSize(member(spec, "blockSize"), cidr),
    nodeSelector: selectorText(member(spec, "nodeSelector")) || "all()",
    namespaceSelector: selectorText(member(spec, "namespaceSelector")),
    allowedUses: allowedUses(member(spec, "allowedUses")),
    assignmentMode: assignmentMode(member(spec, "assignmentMode")),
  };
}

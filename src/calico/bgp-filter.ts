import { at, complain, type Field, integer, listOf, member, oneOf, text } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import type { Origin } from "../model/origin.ts";
import { asNumberField } from "./as-number.ts";
import { communityField } from "./bgp-configuration.ts";
import { type WrittenCIDR, writtenCIDR } from "./written-cidr.ts";

/** What a rule does with a route before it is accepted (since v3.32). */
export type BGPFilterOperation =
  | { readonly kind: "addCommunity"; readonly community: string }
  | { readonly kind: "prependASPath"; readonly asNumbers: readonly number[] }
  | { readonly kind: "setPriority"; readonly priority: number };

/** The lengths of prefixes inside `cidr`; null: no limit of its own. */
export interface PrefixLengths {
  readonly min: number | null;
  readonly max: number | null;
}

/** All that is written must hold for the rule to apply; null stands for what is not. */
export interface BGPFilterRule {
  readonly action: "Accept" | "Reject";
  readonly cidr: WrittenCIDR | null;
  readonly matchOperator: "Equal" | "NotEqual" | "In" | "NotIn" | null;
  readonly prefixLength: PrefixLengths | null;
  readonly source: "RemotePeers" | null;
  readonly interface: string | null;
  readonly peerType: "iBGP" | "eBGP" | null;
  readonly community: string | null;
  readonly asPathPrefix: readonly number[];
  readonly priority: number | null;
  readonly operations: readonly BGPFilterOperation[];
}

/** A BGPFilter (api/pkg/apis/projectcalico/v3/bgpfilter.go): the first rule that applies to a route decides about it. */
export interface BGPFilter {
  readonly metadata: Metadata;
  readonly importV4: readonly BGPFilterRule[];
  readonly exportV4: readonly BGPFilterRule[];
  readonly importV6: readonly BGPFilterRule[];
  readonly exportV6: readonly BGPFilterRule[];
}

function operation(field: Field): BGPFilterOperation | null {
  const community = communityField(at(field, "addCommunity", "value"));
  if (community !== null) return { kind: "addCommunity", community };
  const asNumbers = listOf(at(field, "prependASPath", "prefix"), asNumberField);
  if (asNumbers.length > 0) return { kind: "prependASPath", asNumbers };
  const priority = integer(at(field, "setPriority", "value"));
  if (priority !== null) return { kind: "setPriority", priority };
  complain(field, "addCommunity, prependASPath or setPriority");
  return null;
}

/** Null for a rule with anything wrong in it: without the wrong test it would apply to more routes than it says. */
function rule(field: Field): BGPFilterRule | null {
  const before = field.problems.length;
  const written = member(field, "prefixLength");
  const read = {
    action: oneOf(member(field, "action"), ["Accept", "Reject"]),
    cidr: writtenCIDR(member(field, "cidr")),
    matchOperator: oneOf(member(field, "matchOperator"), ["Equal", "NotEqual", "In", "NotIn"]),
    prefixLength:
      written.value === undefined || written.value === null
        ? null
        : { min: integer(member(written, "min")), max: integer(member(written, "max")) },
    source: oneOf(member(field, "source"), ["RemotePeers"]),
    interface: text(member(field, "interface")) || null,
    peerType: oneOf(member(field, "peerType"), ["iBGP", "eBGP"]),
    community: listOf(at(field, "communities", "values"), communityField)[0] ?? null,
    asPathPrefix: listOf(member(field, "asPathPrefix"), asNumberField),
    priority: integer(member(field, "priority")),
    operations: listOf(member(field, "operations"), operation),
  };
  if (read.action === null) complain(member(field, "action"), "Accept or Reject");
  if ((read.cidr === null) !== (read.matchOperator === null)) {
    complain(member(field, "matchOperator"), "cidr and matchOperator, both or none");
  }
  const { action } = read;
  return action === null || field.problems.length > before ? null : { ...read, action };
}

export function readBGPFilter(resource: Field, origin: Origin): BGPFilter {
  const spec = member(resource, "spec");
  return {
    metadata: readMetadata(resource, origin),
    importV4: listOf(member(spec, "importV4"), rule),
    exportV4: listOf(member(spec, "exportV4"), rule),
    importV6: listOf(member(spec, "importV6"), rule),
    exportV6: listOf(member(spec, "exportV6"), rule),
  };
}

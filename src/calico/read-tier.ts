import { complain, type Field, member, numberField, oneOf } from "../kubernetes/field.ts";
import { readMetadata } from "../kubernetes/metadata.ts";
import type { Tier } from "./tier.ts";

/** Tiers whose order and action upstream keeps (validator.go, validateTier; api/pkg/apis/projectcalico/v3/tier.go). */
const FIXED: ReadonlyMap<string, Pick<Tier, "order" | "defaultAction">> = new Map([
  ["default", { order: 1_000_000, defaultAction: "Deny" }],
  ["adminnetworkpolicy", { order: 1000, defaultAction: "Pass" }],
  ["baselineadminnetworkpolicy", { order: 10_000_000, defaultAction: "Pass" }],
  ["kube-admin", { order: 1000, defaultAction: "Pass" }],
  ["kube-baseline", { order: 10_000_000, defaultAction: "Pass" }],
]);

/** A projectcalico.org/v3 Tier. */
export function readTier(resource: Field): Tier {
  const spec = member(resource, "spec");
  const { name } = readMetadata(resource, 0);
  const order = numberField(member(spec, "order"));
  const defaultAction = oneOf(member(spec, "defaultAction"), ["Deny", "Pass"] as const) ?? "Deny";
  const fixed = FIXED.get(name);
  if (fixed !== undefined && order !== null && order !== fixed.order)
    complain(member(spec, "order"), `${fixed.order}, which this tier always has`);
  return { name, order: fixed?.order ?? order, defaultAction };
}

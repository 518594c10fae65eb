import { type Field, listOf, member, textMap } from "../kubernetes/field.ts";
import { readMetadata } from "../kubernetes/metadata.ts";
import type { Origin } from "../model/origin.ts";
import type { Profile } from "./profile.ts";
import { readRule } from "./read-rule.ts";

/** A projectcalico.org/v3 Profile. */
export function readProfile(resource: Field, origin: Origin): Profile {
  const spec = member(resource, "spec");
  return {
    name: readMetadata(resource, origin).name,
    labelsToApply: textMap(member(spec, "labelsToApply")),
    ingress: listOf(member(spec, "ingress"), (rule) => readRule(rule, "ingress", null)),
    egress: listOf(member(spec, "egress"), (rule) => readRule(rule, "egress", null)),
    origin,
  };
}

import type { Field } from "../field.ts";
import { checkKeys, checkLabels } from "./labels.ts";
import { checkName, DNS_LABEL, LABEL_KEY, type NameRule } from "./names.ts";
import { peek } from "./peek.ts";

/** What every object of the API must keep (apimachinery/pkg/api/validation, ValidateObjectMeta), its name by a rule of its kind. */
export function checkMetadata(resource: Field, name: NameRule): void {
  const metadata = peek(resource, "metadata");
  checkName(peek(metadata, "name"), name);
  checkName(peek(metadata, "namespace"), DNS_LABEL);
  checkLabelsAndAnnotations(metadata);
}

/** The part of it that a template of pods must keep too. */
export function checkLabelsAndAnnotations(metadata: Field): void {
  checkLabels(peek(metadata, "labels"));
  checkKeys(peek(metadata, "annotations"), LABEL_KEY, true);
}

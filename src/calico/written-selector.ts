import { complain, type Field, text } from "../kubernetes/field.ts";
import { parseSelector } from "./selector/parse-selector.ts";
import type { Selector } from "./selector/selector.ts";

/** A selector of a resource as it is written. */
export interface WrittenSelector {
  readonly text: string;
  /** Null where it makes no sense: Calico then takes it to choose nothing. */
  readonly selector: Selector | null;
}

/** Null where no selector is written; one that makes no sense is complained of. */
export function writtenSelector(field: Field): WrittenSelector | null {
  const written = text(field);
  if (written === null || written === "") return null;
  const { selector, error } = parseSelector(written);
  if (error !== null) complain(field, `a selector: at column ${error.column} ${error.expected}`);
  return { text: written, selector };
}

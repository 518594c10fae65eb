import type { Finding } from "../model/finding.ts";

/** Where the page of a code stands, relative to the root of the project and of the package. */
export function docOf(code: string): string {
  return `docs/reference/codes/${code}.md`;
}

/** A line that says what the words in brackets are for. */
export const EXPLAIN_HINT = "podpath explain <code> says what a word in brackets means and what to do.";

/** A finding as JSON has it. */
export interface FindingJson extends Finding {
  /** The page of its code. */
  readonly doc: string;
}

export function findingJson(finding: Finding): FindingJson {
  return { ...finding, doc: docOf(finding.code) };
}

import { type Finding, formatFinding } from "../model/finding.ts";

/** A finding as sentences: `error: file:3:7: Something is wrong. Expected …. Advice. [code]` */
export function findingText(finding: Finding): string {
  const message = /[.!?]$/.test(finding.message) ? finding.message : `${finding.message}.`;
  return formatFinding({ ...finding, message });
}

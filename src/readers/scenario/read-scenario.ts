import type { Finding } from "../../model/finding.ts";
export interface Scenario { readonly network: { readonly snapshot: string | null; readonly line: number | null } }
export function readScenario(_text: string, _file: string): { readonly scenario: Scenario | null; readonly findings: readonly Finding[] } {
  return { scenario: { network: { snapshot: "./snapshot", line: null } }, findings: [] };
}

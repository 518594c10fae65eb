import { member, text, topField } from "../../kubernetes/field.ts";
import { parseDocument } from "../resources/parse-document.ts";

/**
 * The `network.snapshot` of a scenario whose `network:` is written as a block of its own, without parsing hundreds of
 * probes that nobody asks for; null when that cannot be told, which says nothing about the scenario.
 */
export function snapshotOfScenario(source: string): { readonly snapshot: string; readonly line: number } | null {
  const lines = source.split(/\r?\n/);
  const starts = lines.flatMap((line, index) => (/^network:(?:\s|$)/.test(line) ? [index] : []));
  const [start] = starts;
  if (start === undefined || starts.length > 1) return null;
  let end = start + 1;
  while (end < lines.length && /^(?:\s|#|$)/.test(lines[end] ?? "")) end++;
  const document = parseDocument(lines.slice(start, end).join("\n"));
  if (document.kind === "error") return null;
  const network = member(topField(document.value), "network");
  const snapshot = text(member(network, "snapshot"));
  if (snapshot === null || network.problems.length > 0 || member(network, "cluster").value !== undefined) return null;
  return { snapshot, line: start + 1 };
}

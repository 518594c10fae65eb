import type { FindingCode } from "./codes/finding-codes.ts";
import type { Source } from "./origin.ts";

/** Something about the input that a person should know. Errors are data: nothing is thrown for bad input. */
export interface Finding {
  /** Stable, kebab-case: `unknown-line`, `duplicate-address`. Each has a page: `podpath explain CODE`. */
  readonly code: FindingCode;
  readonly severity: "error" | "warning" | "info";
  readonly message: string;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** Other lines that it is about, such as the one it contradicts. */
  readonly related?: readonly Source[];
  /** What would have been right. */
  readonly expected?: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** `error: file:3:7: message Expected …. advice [code]`. */
export function formatFinding(finding: Finding): string {
  const place =
    finding.file === undefined
      ? ""
      : `${[finding.file, finding.line, finding.column].filter((part) => part !== undefined).join(":")}: `;
  const expected = finding.expected === undefined ? "" : ` Expected ${finding.expected}.`;
  const advice = finding.advice === undefined ? "" : ` ${finding.advice}`;
  return `${finding.severity}: ${place}${finding.message}${expected}${advice} [${finding.code}]`;
}

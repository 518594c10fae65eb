import type { FindingCode } from "../model/codes/finding-codes.ts";
import type { Finding } from "../model/finding.ts";

/** How many findings of one code are listed one by one. */
const LISTED = 100;

/** Findings about one file, bounded: a file of a million odd lines gives a hundred findings and a count. */
export interface DumpFindings {
  add(
    code: FindingCode,
    severity: Finding["severity"],
    line: number,
    message: string,
    more?: Pick<Finding, "column" | "expected" | "advice">,
  ): void;
  /** Like `add`, but once per message: for options that stand on every line of a dump. */
  once(code: FindingCode, severity: Finding["severity"], line: number, message: string): void;
  list(): readonly Finding[];
}

export function dumpFindings(file: string, first: readonly Finding[] = []): DumpFindings {
  const found: Finding[] = [...first];
  const counts = new Map<FindingCode, number>();
  const messages = new Set<string>();
  const add: DumpFindings["add"] = (code, severity, line, message, more) => {
    const count = (counts.get(code) ?? 0) + 1;
    counts.set(code, count);
    if (count > LISTED) return;
    found.push({ code, severity, message, file, ...(line > 0 ? { line } : {}), ...more });
  };
  return {
    add,
    once(code, severity, line, message) {
      if (messages.has(message)) return;
      messages.add(message);
      add(code, severity, line, message);
    },
    list() {
      const rest: Finding[] = [];
      for (const [code, count] of counts) {
        if (count > LISTED) {
          rest.push({ code, severity: "warning", message: `${count - LISTED} more findings of this kind.`, file });
        }
      }
      return [...found, ...rest];
    },
  };
}

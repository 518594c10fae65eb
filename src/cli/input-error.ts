import type { Finding } from "../model/finding.ts";

/** No answer can be given because the input or the arguments are wrong: exit code 2. */
export class InputError extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map((finding) => finding.message).join("; "));
    this.name = "InputError";
    this.findings = findings;
  }
}

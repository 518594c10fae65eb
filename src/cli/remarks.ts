import type { LoadedNetwork } from "./loaded-network.ts";
import type { Output } from "./output.ts";
import { timelineNotPlayed } from "./timeline-not-played.ts";

/** Tells of errors in the input that did not stop the command, and that there is more to know. */
export function remarkOn(loaded: LoadedNetwork, argument: string | undefined, output: Output): void {
  const errors = loaded.findings.filter((finding) => finding.severity === "error");
  const warnings = loaded.findings.filter((finding) => finding.severity === "warning");
  output.findings([...errors, ...timelineNotPlayed(loaded)], false);
  if (warnings.length > 0) {
    const count = warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`;
    output.note(`${count} about the input: podpath check ${argument ?? "--fact …"}`);
  }
}

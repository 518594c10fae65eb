import type { Finding } from "../../../model/finding.ts";
import { dumpLines } from "../../dump-text.ts";
import type { Includes } from "../included.ts";
import { judgeBird, NO_PROTOCOL } from "./bird-refusal.ts";

/** What BIRD 1.6 says against a configuration as a finding, in its words; bird6.cfg is for BIRD's IPv6 daemon. */
export function birdRefusals(text: string, file: string, beside: Includes): readonly Finding[] {
  const judged = judgeBird(plain(text, file), file, /bird6[^/]*$/.test(file) ? 6 : 4, (name, from) =>
    beside(name, from).map(({ path, text: inside }) => ({ path, text: plain(inside, path) })),
  );
  if (judged.kind !== "refused") return [];
  const { line, column, message } = judged.refusal;
  // A file that another one includes need not have any.
  if (message === NO_PROTOCOL && !/(?:^|\/)bird6?\.(?:cfg|conf)$/.test(file)) return [];
  return [
    {
      code: "bird-refused",
      severity: "error",
      message: `BIRD 1.6 stops here with “${message}”.`,
      file: judged.refusal.file,
      line,
      ...(column === null ? {} : { column }),
      advice: "It keeps the configuration that it has; one that starts does not come up.",
    },
  ];
}

/** The text without what pasting adds, each line where it was. */
function plain(text: string, file: string): string {
  const lines: string[] = [];
  for (const line of dumpLines(text, file).lines) {
    while (lines.length < line.number - 1) lines.push("");
    lines.push(line.text);
  }
  const isEnded = /[\n\r]$/.test(text);
  return `${lines.join("\n")}${isEnded ? "\n" : ""}`;
}

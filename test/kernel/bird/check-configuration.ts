import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What BIRD 1.6 says against a configuration. */
export interface Refusal {
  readonly file: string;
  readonly line: number;
  /** Null where BIRD says 0. */
  readonly column: number | null;
  readonly message: string;
  /** What stands in that line. */
  readonly text: string;
}

/** Asks `bird -p -c FILE` (or bird6) in a folder with these files; null: BIRD takes it. */
export function refusalOf(
  programs: string,
  folder: string,
  files: ReadonlyMap<string, string>,
  stem: "bird" | "bird6",
): Refusal | null {
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  const { status, stderr } = spawnSync(join(programs, stem), ["-p", "-c", `${stem}.cfg`], {
    cwd: folder,
    encoding: "utf8",
  });
  if (status === 0) return null;
  // `bird: ./bird_ipam.cfg:47:25 You may set only variables.`
  const place = /^bird: \.?\/?(.*?):(\d+):(\d+) (.*)$/m.exec(stderr) ?? [];
  const [, file = "", line = "0", column = "0", message = stderr] = place;
  return {
    file,
    line: Number(line),
    column: Number(column) || null,
    message,
    text: files.get(file)?.split("\n")[Number(line) - 1] ?? "",
  };
}

import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../model/finding.ts";
import { type StartingCluster, startingFolder } from "../readers/cluster/starting-folder.ts";
import { DONE, type ExitCode } from "./exit-code.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { openOutput } from "./output.ts";

/** The options as they are written. */
export interface InitOptions extends Omit<StartingCluster, "twoSubnets" | "dualStack"> {
  readonly twoSubnets?: boolean;
  readonly dualStack?: boolean;
  readonly output?: string;
  readonly quiet?: boolean;
  readonly color: "auto" | "always" | "never";
}

/** `podpath init`: writes a starting folder, and overwrites nothing. */
export function init(folder: string, options: InitOptions, io: Io): ExitCode {
  const made = startingFolder({
    ...options,
    twoSubnets: options.twoSubnets ?? false,
    dualStack: options.dualStack ?? false,
  });
  if ("findings" in made) throw new InputError(made.findings);
  if (existsSync(folder) && !isEmptyFolder(folder)) throw new InputError([notEmpty(folder)]);
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of made.files) writeFileSync(join(folder, name), text);
  } catch (error) {
    throw new InputError([
      {
        code: "cannot-write",
        severity: "error",
        message: `cannot write ${folder}: ${error instanceof Error ? error.message : String(error)}`,
      },
    ]);
  }
  const output = openOutput(io, options);
  try {
    output.result(`${folder}: ${[...made.files.keys()].join(", ")}\n`);
    output.note(
      `Next: podpath check ${folder}, which lists the pods; then podpath trace ${folder} --from node/control-plane --to service/default/web:80`,
    );
  } finally {
    output.close();
  }
  return DONE;
}

function isEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return false;
  }
}

function notEmpty(folder: string): Finding {
  return {
    code: "bad-arguments",
    severity: "error",
    message: `${folder} is there already, and is not an empty folder`,
    advice: "Name a new folder.",
  };
}

import { existsSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { networksInside, severalInside } from "./folders-inside.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { loadFolder } from "./load-folder.ts";
import { checkInput, type LoadedNetwork, type TypedOptions } from "./loaded-network.ts";
import { locate, type ScenarioFile, similar } from "./locate.ts";
import { readFolder } from "./read-files.ts";

/** The network a scenario names. */
export async function loadScenarioNetwork(
  file: ScenarioFile,
  network: { readonly snapshot: string | null; readonly cluster?: string | null; readonly line: number | null },
  options: TypedOptions,
): Promise<LoadedNetwork> {
  const place = { file: file.shown, ...(network.line === null ? {} : { line: network.line }) };
  const isCluster = network.snapshot === null;
  const folder = network.snapshot ?? network.cluster ?? "";
  const path = resolve(file.folder, folder);
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new InputError([
      {
        code: "missing-folder",
        severity: "error",
        message: `there is no ${isCluster ? "folder of manifests" : "snapshot folder"} ${folder}`,
        ...place,
        expected: "a folder, relative to the scenario file",
        advice: similar(path),
      },
    ]);
  }
  if (!isCluster) return checkInput(await loadFolder(path, options), options);
  const { loadCluster } = await import("./load-cluster.ts");
  return checkInput(await loadCluster(basename(path), readFolder(path), [], options), options);
}

/** The scenario an argument names: a folder with a scenario.yaml, or the file itself. */
export async function loadScenarioFile(argument: string, io: Io): Promise<ScenarioFile> {
  const located = await locate(argument, io);
  if (located.kind === "scenario") return located.file;
  const inside =
    located.kind === "folder" ? networksInside(located.path).filter(({ kind }) => kind === "scenario") : [];
  if (located.kind === "folder" && inside.length > 0) throw new InputError([severalInside(located.path, inside)]);
  throw new InputError([
    {
      code: "not-a-scenario",
      severity: "error",
      message: `${argument} is no scenario`,
      expected: "a folder with a scenario.yaml, or such a file",
      advice: "To ask about the network itself, use podpath trace or podpath check.",
    },
  ]);
}

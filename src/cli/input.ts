import type { Finding } from "../model/finding.ts";
import { refuseBadFacts, typedFacts } from "./fact-options.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { loadArchive } from "./load-archive.ts";
import { loadFiles } from "./load-files.ts";
import { loadFolder } from "./load-folder.ts";
import { loadScenarioNetwork } from "./load-scenario.ts";
import { loadText } from "./load-text.ts";
import { checkInput, type LoadedNetwork, type LoadOptions, type TypedOptions } from "./loaded-network.ts";
import { type Located, locate } from "./locate.ts";
import { type ProgressBar, progressBar } from "./progress-bar.ts";

/** Loads what INTERFACES section 1 calls `<network>`. Throws an InputError when nothing can be read. */
export async function loadNetwork(argument: string | undefined, io: Io, options: LoadOptions): Promise<LoadedNetwork> {
  const facts = await typedFacts(options);
  if (argument === undefined && facts.length === 0) throw new InputError([noNetwork()]);
  const progress = progressBar(io, options);
  const how = { ...options, typed: facts, progress };
  const loaded = await ended(
    progress,
    argument === undefined ? loadFiles("the facts", new Map(), [], how) : load(await locate(argument, io), how),
  );
  refuseBadFacts(loaded.findings, facts);
  if (options.bgp === "run" && loaded.settled === null) throw new InputError([asDumped()]);
  return checkInput(loaded, options);
}

function noNetwork(): Finding {
  return {
    code: "bad-arguments",
    severity: "error",
    message: "the network is missing",
    expected: "a snapshot folder, a scenario, one dump file, or - for standard input; or facts typed with --fact",
  };
}

function asDumped(): Finding {
  return {
    code: "bad-arguments",
    severity: "error",
    message: "--bgp run is for manifests: of dumps the routes are taken as they are",
    advice: "podpath run --reconverge and podpath birdc let BGP run from the bird.cfg of dumps.",
  };
}

/** What was loaded; the bar is gone then, or when it failed. */
async function ended(
  progress: ProgressBar | null,
  loading: LoadedNetwork | Promise<LoadedNetwork>,
): Promise<LoadedNetwork> {
  try {
    return await loading;
  } finally {
    progress?.end();
  }
}

async function load(located: Located, options: TypedOptions): Promise<LoadedNetwork> {
  switch (located.kind) {
    case "folder":
      return loadFolder(located.path, options);
    case "archive":
      return loadArchive(located.shown, located.source, options);
    case "scenario": {
      const { snapshotOfScenario } = await import("../readers/scenario/snapshot-of-scenario.ts");
      const quick = /^timeline\b/m.test(located.file.text) ? null : snapshotOfScenario(located.file.text);
      if (quick !== null) return loadScenarioNetwork(located.file, quick, options);
      const { readScenario } = await import("../readers/scenario/read-scenario.ts");
      const read = readScenario(located.file.text, located.file.shown);
      if (read.scenario === null) throw new InputError(read.findings);
      const loaded = await loadScenarioNetwork(located.file, read.scenario.network, options);
      return { ...loaded, scenario: read.scenario };
    }
    case "text":
      return loadText(located.text, located.shown, options);
  }
}

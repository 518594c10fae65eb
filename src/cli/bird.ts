import { renderedBird } from "../analysis/rendered-bird.ts";
import type { BirdContext } from "../calico/bird/bird-context.ts";
import { BIRD_FILES, type BirdFile, birdFilesOf } from "../calico/bird/bird-files-of.ts";
import { runsBird } from "../calico/wiring/wiring-settings.ts";
import { didYouMean } from "../model/nearest.ts";
import { birdNodes, birdNodesText } from "../report/bird-nodes.ts";
import type { CommonOptions } from "./common-options.ts";
import { DONE, type ExitCode } from "./exit-code.ts";
import { loadNetwork } from "./input.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { openOutput } from "./output.ts";

export interface BirdOptions extends CommonOptions {
  readonly file?: string;
  readonly showPasswords?: boolean;
}

/** `podpath bird`: the files that confd writes for BIRD on a node, or what each node is to BGP. */
export async function bird(network: string, node: string | undefined, options: BirdOptions, io: Io): Promise<ExitCode> {
  const loaded = await loadNetwork(network, io, { ...options, open: true });
  const context = renderedBird(loaded.cluster, loaded.settled);
  if (context.nodes.size === 0) throw new InputError([noNodes()]);
  const files = node === undefined ? null : filesOf(context, node, options);
  const output = openOutput(io, options);
  if (!runsBird(loaded.cluster)) output.note("BIRD does not run in this cluster: nobody reads these files.");
  try {
    if (files === null) {
      const nodes = birdNodes(context);
      if (options.json === true) await output.json({ nodes });
      else output.result(birdNodesText(nodes));
    } else if (options.json === true) await output.json({ node, files: Object.fromEntries(files) });
    else output.result(textOf(files));
  } finally {
    output.close();
  }
  return DONE;
}

/** One file as it is; several with their names above, as `head` prints them. */
function textOf(files: ReadonlyMap<string, string>): string {
  const [[, only] = ["", ""]] = files;
  if (files.size === 1) return only;
  return [...files].map(([name, text]) => `==> ${name} <==\n${text}`).join("\n");
}

function filesOf(context: BirdContext, node: string, options: BirdOptions): ReadonlyMap<BirdFile, string> {
  const files = birdFilesOf(node, context);
  if (files === null) {
    const names = [...context.nodes.keys()];
    throw new InputError([unknown("unknown-host", `there is no node ${node}`, node, names)]);
  }
  const shown = BIRD_FILES.find((name) => name === options.file);
  if (options.file !== undefined && shown === undefined) {
    throw new InputError([unknown("bad-arguments", `confd writes no file ${options.file}`, options.file, BIRD_FILES)]);
  }
  return new Map(
    [...files]
      .filter(([name]) => shown === undefined || name === shown)
      .map(([name, text]) => [name, options.showPasswords === true ? text : withoutPasswords(text)]),
  );
}

function withoutPasswords(text: string): string {
  return text.replace(/^( *password) ".*";$/gm, '$1 "********";');
}

function unknown(code: "unknown-host" | "bad-arguments", message: string, name: string, names: readonly string[]) {
  return {
    code,
    severity: "error" as const,
    message,
    advice: didYouMean(name, names) ?? `There are ${names.slice(0, 10).join(", ")}.`,
  };
}

function noNodes() {
  return {
    code: "unknown-host" as const,
    severity: "error" as const,
    message: "no Node says what confd would write",
    advice: "Give manifests with a nodes.yaml, or a snapshot with the Nodes of the cluster in cluster/.",
  };
}

import { extname } from "node:path";
import { emulatedEvidence } from "../analysis/bgp-evidence.ts";
import { readEvidence } from "../readers/evidence/read-evidence.ts";
import { topologyDot } from "../report/topology/dot.ts";
import { topologyGraph } from "../report/topology/graph.ts";
import { topologyMermaid } from "../report/topology/mermaid.ts";
import { type Picture, pictureOf } from "../report/topology/picture.ts";
import { topologySvg } from "../report/topology/svg.ts";
import { ask, checkArguments } from "./ask.ts";
import { DONE, type ExitCode } from "./exit-code.ts";
import { loadNetwork } from "./input.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { openOutput } from "./output.ts";
import type { ProbeOptions } from "./probe-options.ts";
import { remarkOn } from "./remarks.ts";

const FORMATS = ["svg", "mermaid", "dot"] as const;

type Format = (typeof FORMATS)[number];

export interface RenderOptions extends ProbeOptions {
  readonly format?: Format;
  readonly expand?: boolean;
}

const DRAWN: Readonly<Record<Format, (picture: Picture) => string>> = {
  svg: topologySvg,
  mermaid: topologyMermaid,
  dot: topologyDot,
};

const EXTENSIONS: ReadonlyMap<string, Format> = new Map([
  [".svg", "svg"],
  [".mmd", "mermaid"],
  [".mermaid", "mermaid"],
  [".dot", "dot"],
  [".gv", "dot"],
]);

/** `podpath render`: a picture of the topology, with the way of a packet when one is asked for. */
export async function render(argument: string | undefined, options: RenderOptions, io: Io): Promise<ExitCode> {
  const format = options.json === true ? null : formatOf(options);
  const isProbe = options.packet !== undefined || options.from !== undefined || options.to !== undefined;
  if (isProbe) checkArguments(options);
  const loaded = await loadNetwork(argument, io, options);
  const asked = isProbe ? ask(loaded, options) : null;
  const evidence =
    loaded.network.bgp === undefined
      ? readEvidence(loaded.machines, loaded.network.origins).evidence
      : emulatedEvidence(loaded.network);
  const graph = topologyGraph(loaded.name, loaded.network, evidence, asked?.answer ?? null);
  const output = openOutput(io, options);
  try {
    remarkOn(loaded, argument, output);
    if (asked !== null && asked.answer.branches.length > 1) {
      output.note(`The first of ${asked.answer.branches.length} branches is drawn; podpath trace tells them all.`);
    }
    if (format === null) output.result(`${JSON.stringify(graph, null, 2)}\n`);
    else {
      const question = asked === null ? null : `${asked.asked.what}: ${asked.asked.from} → ${asked.asked.to}`;
      output.result(DRAWN[format](pictureOf(graph, { expand: options.expand === true, question })));
    }
  } finally {
    output.close();
  }
  return DONE;
}

/** `--format`, else what the name of the output file says, else SVG. */
function formatOf({ format, output }: RenderOptions): Format {
  if (format !== undefined) return format;
  const extension = extname(output ?? "").toLowerCase();
  if (extension === "") return "svg";
  const known = EXTENSIONS.get(extension);
  if (known !== undefined) return known;
  throw new InputError([
    {
      code: "unknown-format",
      severity: "error",
      message: `there is no format ${extension.slice(1)}`,
      expected: `a file named ${[...EXTENSIONS.keys()].join(", ")}, or --format ${FORMATS.join("|")}`,
    },
  ]);
}

import type { Finding } from "../model/finding.ts";
import { findingJson } from "../report/code-link.ts";
import { findingText } from "../report/finding-text.ts";
import { jsonPieces } from "../report/json-pieces.ts";
import { answerJson } from "../report/trace-json.ts";
import { parsePacketLine } from "../trace/packet-question.ts";
import { createPacketSession, type PacketSession } from "../trace/packet-session.ts";
import type { BgpOptions } from "./bgp-option.ts";
import type { CommonOptions } from "./common-options.ts";
import { BAD_INPUT, DONE, type ExitCode, outcomeCode, worst } from "./exit-code.ts";
import { loadNetwork } from "./input.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import type { LoadedNetwork } from "./loaded-network.ts";
import { openOutput } from "./output.ts";
import { packetLine } from "./packet-line.ts";
import { unreadableFile } from "./read-files.ts";
import { linesOfFile, linesOfStdin, STDIN_NAME } from "./read-stdin.ts";
import { remarkOn } from "./remarks.ts";

export interface PacketsOptions extends CommonOptions, BgpOptions {
  readonly packets: string;
}

/** `podpath probe`: JSON Lines in, JSON Lines out, in the same order. A line that is wrong does not stop the others. */
export async function probe(argument: string | undefined, options: PacketsOptions, io: Io): Promise<ExitCode> {
  if (argument === "-" && options.packets === "-") {
    throw new InputError([
      {
        code: "bad-arguments",
        severity: "error",
        message: "the network and the packets cannot both come from standard input",
        advice: "Put one of them into a file.",
      },
    ]);
  }
  const loaded = await loadNetwork(argument, io, { ...options, open: true });
  const { lines, file } = readPackets(options.packets, io);
  const session = createPacketSession(loaded.network);
  const output = openOutput(io, options);
  const codes = new Set<ExitCode>();
  try {
    let line = 0;
    for await (const written of lines) {
      line++;
      if (written.trim() === "") continue;
      const reply = answerLine(written, { file, line }, loaded, session, options);
      codes.add(reply.code);
      output.result(`${reply.json}\n`);
      for (const finding of reply.findings) io.stderr.write(`${findingText(finding)}\n`);
      await output.taken();
    }
    remarkOn(loaded, argument, output);
  } finally {
    output.close();
  }
  return worst(codes.size === 0 ? [DONE] : codes);
}

interface Reply {
  readonly json: string;
  readonly code: ExitCode;
  readonly findings: readonly Finding[];
}

function answerLine(
  written: string,
  place: { readonly file: string; readonly line: number },
  loaded: LoadedNetwork,
  session: PacketSession,
  options: PacketsOptions,
): Reply {
  const parsed = parsePacketLine(packetLine(written, loaded, { answers: false }), place);
  if ("findings" in parsed) return refused(null, parsed.findings);
  const asked = session.ask(parsed.question, { strict: options.strict ?? false });
  if ("findings" in asked) {
    return refused(
      parsed.question.id,
      asked.findings.map((finding) => ({ ...place, ...finding })),
    );
  }
  const { answer } = asked;
  const json = [...jsonPieces(answerJson(answer, parsed.question.id), "line")].join("");
  return { json, code: outcomeCode(answer), findings: [] };
}

/** A line that gets no answer keeps its place in the output. */
function refused(id: string | null, findings: readonly Finding[]): Reply {
  return { json: JSON.stringify({ id, findings: findings.map(findingJson) }), code: BAD_INPUT, findings };
}

interface Packets {
  readonly lines: AsyncIterable<string>;
  readonly file: string;
}

function readPackets(path: string, io: Io): Packets {
  if (path === "-") return { lines: linesOfStdin(io), file: STDIN_NAME };
  const problem = unreadableFile(path, path);
  if (problem !== null) throw new InputError([problem]);
  return { lines: linesOfFile(path), file: path };
}

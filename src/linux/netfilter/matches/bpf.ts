import type { Matches } from "../../../model/ruleset.ts";
import type { MatchExtension } from "../extension.ts";
import { givenValue } from "../option-words.ts";
import { unknownMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** The classic program as the tool writes it, or the path of a pinned one. */
    readonly bpf: { readonly kind: "bytecode" | "object-pinned"; readonly program: string };
  }
}

/** XT_BPF_MAX_NUM_INSTR. */
const LONGEST = 64;
const INSTRUCTION = /^\d+ \d+ \d+ \d+$/;

/** `count,op jt jf k,…`, as bpf_asm and nfbpf_compile write it; null when malformed. */
function parseProgram(text: string): string | null {
  const [count = "", ...rest] = text.split(",");
  if (rest.at(-1) === "") rest.pop();
  const length = /^\d{1,3}$/.test(count) ? Number(count) : 0;
  if (length === 0 || length > LONGEST || rest.length !== length) return null;
  return rest.every((instruction) => INSTRUCTION.test(instruction)) ? [count, ...rest].join(",") : null;
}

function words({ kind, program }: Matches["bpf"]): readonly string[] {
  return [`--${kind}`, program];
}

/** `-m bpf` (net/netfilter/xt_bpf.c): a BPF program decides, which podpath does not run. */
export const bpf: MatchExtension<"bpf"> = {
  options: { bytecode: { values: 1, negatable: false }, "object-pinned": { values: 1, negatable: false } },
  parse(given) {
    const bytecode = givenValue(given, "bytecode");
    const pinned = givenValue(given, "object-pinned");
    if (pinned !== null && bytecode === null) return { value: { kind: "object-pinned", program: pinned } };
    const program = parseProgram(bytecode ?? "");
    if (program === null || pinned !== null) return { problem: "expected --bytecode program or --object-pinned path" };
    return { value: { kind: "bytecode", program } };
  },
  print: words,
  compile: (options) =>
    unknownMatch({ text: `bpf ${words(options).join(" ")}`, invert: false, reason: "BPF programs are not run" }),
};

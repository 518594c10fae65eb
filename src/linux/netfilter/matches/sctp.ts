import type { Matches } from "../../../model/ruleset.ts";
import { SCTP } from "../../../net/protocol.ts";
import { SCTP_INIT, type SctpChunk } from "../../../net/sctp.ts";
import type { CompiledMatch, MatchExtension, Parsed } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { compilePorts, PORT_OPTIONS, type PortOptions, parsePorts, printPorts } from "../port-options.ts";

const SCOPES = ["all", "any", "only"] as const;

interface Chunk {
  readonly type: number;
  /** Flag letters as iptables-save prints them: a capital for a set bit, a small letter for one that is not. */
  readonly flags: string;
}

interface ChunkTest {
  readonly scope: (typeof SCOPES)[number];
  readonly chunks: readonly Chunk[] | "ALL" | "NONE";
  readonly invert: boolean;
}

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly sctp: PortOptions & { readonly chunkTypes: ChunkTest | null };
  }
}

/** Names and flag letters, the lowest bit last (extensions/libxt_sctp.c), in the order iptables-save prints them. */
const CHUNKS: readonly (readonly [name: string, type: number, flags: string])[] = [
  ["DATA", 0, "----iube"],
  ["INIT", 1, "--------"],
  ["INIT_ACK", 2, "--------"],
  ["SACK", 3, "--------"],
  ["HEARTBEAT", 4, "--------"],
  ["HEARTBEAT_ACK", 5, "--------"],
  ["ABORT", 6, "-------t"],
  ["SHUTDOWN", 7, "--------"],
  ["SHUTDOWN_ACK", 8, "--------"],
  ["ERROR", 9, "--------"],
  ["COOKIE_ECHO", 10, "--------"],
  ["COOKIE_ACK", 11, "--------"],
  ["ECN_ECNE", 12, "--------"],
  ["ECN_CWR", 13, "--------"],
  ["SHUTDOWN_COMPLETE", 14, "-------t"],
  ["ASCONF_ACK", 128, "--------"],
  ["FORWARD_TSN", 192, "--------"],
  ["ASCONF", 193, "--------"],
];

/** Sets a letter's bit as the last one of it wants it; null for a letter the chunk does not have. */
function parseFlags(known: string, letters: string): string | null {
  const state = new Map<string, string>();
  for (const letter of letters) {
    const small = letter.toLowerCase();
    if (small === "-" || !known.includes(small)) return null;
    if (state.get(small) !== letter && !(state.has(small) && letter === small)) state.set(small, letter);
    // A set bit stays set: the tool only ever adds to the bits it compares with.
  }
  return [...known].map((small) => state.get(small) ?? "").join("");
}

function parseChunk(text: string): Chunk | null {
  const colon = text.indexOf(":");
  const name = (colon < 0 ? text : text.slice(0, colon)).toUpperCase();
  const found = CHUNKS.find(([known]) => known === name);
  if (found === undefined) return null;
  const flags = colon < 0 ? "" : parseFlags(found[2], text.slice(colon + 1));
  return flags === null ? null : { type: found[1], flags };
}

function parseChunkTest(scope: string, list: string, invert: boolean): Parsed<ChunkTest> {
  const known = SCOPES.find((name) => name === scope.toLowerCase());
  if (known === undefined) return { problem: "expected --chunk-types all|any|only" };
  const whole = list.toUpperCase();
  if (whole === "ALL" || whole === "NONE") return { value: { scope: known, chunks: whole, invert } };
  const byType = new Map<number, Chunk>();
  for (const word of list.split(",")) {
    const chunk = parseChunk(word);
    if (chunk === null) return { problem: `unknown SCTP chunk or flags "${word}"` };
    byType.set(chunk.type, chunk);
  }
  const chunks = [...byType.values()].sort((one, other) => one.type - other.type);
  return { value: { scope: known, chunks, invert } };
}

function formatChunk({ type, flags }: Chunk): string {
  const name = CHUNKS.find(([, number]) => number === type)?.[0] ?? String(type);
  return flags === "" ? name : `${name}:${flags}`;
}

function chunkWords(test: ChunkTest | null): readonly string[] {
  if (test === null) return [];
  const { scope, chunks, invert } = test;
  return optionWords(
    "chunk-types",
    invert,
    scope,
    typeof chunks === "string" ? chunks : chunks.map(formatChunk).join(","),
  );
}

/** What `match_packet` compares of one chunk type: `flags & mask` must be `set`. */
interface FlagTest {
  readonly mask: number;
  readonly set: number;
}

function flagTest({ type, flags }: Chunk): FlagTest {
  const letters = CHUNKS.find(([, number]) => number === type)?.[2] ?? "";
  let mask = 0;
  let set = 0;
  for (const letter of flags) {
    const bit = 1 << (7 - letters.indexOf(letter.toLowerCase()));
    mask |= bit;
    if (letter !== letter.toLowerCase()) set |= bit;
  }
  return { mask, set };
}

/** match_packet(): `all` of the listed types stand in the packet, `any` of them does, or `only` they do. */
function compileChunks(test: Matches["sctp"]["chunkTypes"]): readonly CompiledMatch[] {
  if (test === null) return [];
  const { scope, chunks, invert } = test;
  const tests = new Map((typeof chunks === "string" ? [] : chunks).map((chunk) => [chunk.type, flagTest(chunk)]));
  const isListed = ({ type, flags }: SctpChunk): boolean => {
    if (typeof chunks === "string") return chunks === "ALL";
    const wanted = tests.get(type);
    return wanted !== undefined && (flags & wanted.mask) === wanted.set;
  };
  const holds = (found: readonly SctpChunk[]): boolean => {
    switch (scope) {
      case "any":
        return found.some(isListed);
      case "only":
        return found.every(isListed);
      case "all": {
        // The types that were not seen: no packet has all 256.
        if (chunks === "ALL") return false;
        const seen = new Set(found.filter(isListed).map(({ type }) => type));
        return [...tests.keys()].every((type) => seen.has(type));
      }
    }
  };
  return [
    {
      kind: "call",
      test: ({ packet }) => packet.fragmentOffset === 0 && holds((packet.sctp ?? SCTP_INIT).chunks) !== invert,
    },
  ];
}

/** `-m sctp` (net/netfilter/xt_sctp.c): ports and chunks; a packet of which no chunks were told carries an INIT. */
export const sctp: MatchExtension<"sctp"> = {
  options: { ...PORT_OPTIONS, "chunk-types": { values: 2, negatable: true } },
  parse(given, { protocol }) {
    const ports = parsePorts(given, protocol, SCTP);
    if ("problem" in ports) return ports;
    const option = givenOption(given, "chunk-types");
    if (option === undefined) return { value: { ...ports.value, chunkTypes: null } };
    const chunks = parseChunkTest(option.values[0] ?? "", option.values[1] ?? "", option.invert);
    return "problem" in chunks ? chunks : { value: { ...ports.value, chunkTypes: chunks.value } };
  },
  print: ({ chunkTypes, ...ports }) => [...printPorts(ports), ...chunkWords(chunkTypes)],
  compile: ({ chunkTypes, ...ports }) => [...compilePorts(ports), ...compileChunks(chunkTypes)],
};

import type { ConntrackRecord, TupleRecord } from "../model/conntrack-record.ts";
import type { Finding } from "../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../model/origin.ts";
import { type Address, parseAddress } from "../net/address.ts";
import { parseProtocol } from "../net/protocol.ts";
import { dumpFindings } from "./dump-findings.ts";
import { dumpLines, quote } from "./dump-text.ts";

export interface ConntrackDump {
  readonly records: readonly ConntrackRecord[];
  readonly findings: readonly Finding[];
}

/** The prefix of `-o extended` and of /proc/net/nf_conntrack. */
const LAYER3 = /^\s*ipv[46]\s+(?:2|10)\s+/;

/** `name number [timeout] [STATE]`: an offloaded connection has neither of the last two. */
const HEAD = /^\s*([\w.-]+)\s+(\d{1,3})\s+(?:(\d{1,10})\s+)?(?:([A-Z][A-Z_0-9]*)\s+)?(?=\S*=)/;

/** What stands around the flows: the count on stderr, per-CPU and per-column statistics, `-C`. */
const STATISTICS = /^\s*(?:cpu=\d|entries\b|[0-9a-f]{8}\s|\d+$)/;
const COUNT = /^\s*conntrack v\S+ .*: (\d+) flow entries have been shown/;

/** Keys of a tuple in the order printed. `src` opens one. */
interface Tuple {
  src: Address | null;
  dst: Address | null;
  sport: number;
  dport: number;
  type: number;
  code: number;
  id: number;
  packets: number | null;
  bytes: number | null;
}

const NUMBERS: ReadonlySet<string> = new Set(["sport", "dport", "type", "code", "id"]);

/** Keys that say nothing about where a packet goes. */
const SILENT: ReadonlySet<string> = new Set([
  "use",
  "secctx",
  "secmark",
  "delta-time",
  "id",
  "srckey",
  "dstkey",
  "timeout",
  "stream_timeout",
  "start",
  "stop",
  "portid",
]);

/** Reads `conntrack -L [-o extended]`, `conntrack -LSC`, or /proc/net/nf_conntrack. */
export function readConntrack(text: string, file: string, origins: OriginTable): ConntrackDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const records: ConntrackRecord[] = [];
  const remark = (line: number, message: string): void => findings.once("ignored-option", "info", line, message);
  let counted = { flows: 0, line: 0 };
  for (const { number, text: line } of lines) {
    const count = COUNT.exec(line);
    if (count !== null) {
      // On stderr, so that it may stand anywhere, and once for each of several commands.
      counted = { flows: counted.flows + Number(count[1]), line: number };
      continue;
    }
    if (STATISTICS.test(line)) continue;
    const record = readRecord(line, number, remark);
    if (record === null) {
      findings.add("unknown-line", "warning", number, `Not a connection: ${quote(line)}.`, {
        expected: "`protocol number timeout … src=… dst=… src=… dst=…`",
      });
    } else records.push({ ...record, origin: originAt(origins, originOfFile, number) });
  }
  if (counted.line > 0 && counted.flows !== records.length) {
    const message = `The tool counted ${counted.flows} connections, but ${records.length} were read.`;
    findings.add("truncated-dump", "warning", counted.line, message);
  }
  return { records, findings: findings.list() };
}

function readRecord(
  line: string,
  number: number,
  remark: (line: number, message: string) => void,
): ConntrackRecord | null {
  const flow = line.replace(LAYER3, "");
  const head = HEAD.exec(flow);
  if (head === null) return null;
  const protocol = parseProtocol(head[2] ?? "");
  const tuples: Tuple[] = [];
  const values = new Map<string, number>();
  let unreplied = false;
  let assured = false;
  let helper: string | null = null;
  let current: Tuple | null = null;
  for (const word of flow.slice(head[0].length).split(/\s+/)) {
    if (word === "") continue;
    const equals = word.indexOf("=");
    if (equals < 0) {
      if (word === "[UNREPLIED]") unreplied = true;
      else if (word === "[ASSURED]") assured = true;
      else if (word === "[OFFLOAD]" || word === "[HW_OFFLOAD]") {
        remark(
          number,
          "Offloaded connections (`[OFFLOAD]`) skip the rules of the forward path; podpath treats them as any other.",
        );
      } else if (word.startsWith("[")) remark(number, `Connection flag \`${word}\` is not modelled.`);
      // Values with blanks, as in some security contexts, leave words behind.
      continue;
    }
    const key = word.slice(0, equals);
    const value = word.slice(equals + 1).replace(/,$/, "");
    if (key === "src") {
      current = newTuple(parseAddress(value));
      tuples.push(current);
    } else if (key === "dst" && current !== null) current.dst = parseAddress(value);
    else if (current !== null && NUMBERS.has(key) && /^\d{1,5}$/.test(value)) setNumber(current, key, Number(value));
    else if (current !== null && key === "packets" && /^\d+$/.test(value)) current.packets = Number(value);
    else if (current !== null && key === "bytes" && /^\d+$/.test(value)) current.bytes = Number(value);
    else if (/^(?:mark|zone|zone-orig|zone-reply)$/.test(key)) values.set(key, Number(value));
    else if (key === "helper") helper = value;
    else if (!SILENT.has(key)) remark(number, `Connection property \`${key}\` is not modelled.`);
  }
  const [original, reply] = tuples.map(tupleRecord);
  const mark = values.get("mark") ?? 0;
  if (protocol === null || original == null || reply == null || tuples.length > 2) return null;
  const zone = values.get("zone") ?? values.get("zone-orig") ?? 0;
  const replyZone = values.get("zone") ?? values.get("zone-reply") ?? 0;
  if (!Number.isSafeInteger(mark) || !Number.isSafeInteger(zone) || !Number.isSafeInteger(replyZone)) return null;
  return {
    protocol,
    timeout: head[3] === undefined ? null : Number(head[3]),
    state: head[4] ?? null,
    original,
    reply,
    unreplied,
    assured,
    mark,
    zone,
    replyZone,
    helper,
    origin: 0,
  };
}

function newTuple(src: Address | null): Tuple {
  return { src, dst: null, sport: 0, dport: 0, type: 0, code: 0, id: -1, packets: null, bytes: null };
}

function setNumber(tuple: Tuple, key: string, value: number): void {
  if (key === "sport") tuple.sport = value;
  else if (key === "dport") tuple.dport = value;
  else if (key === "type") tuple.type = value;
  else if (key === "code") tuple.code = value;
  // `-o id` writes another id at the end of the line.
  else if (tuple.id < 0) tuple.id = value;
}

function tupleRecord({ src, dst, sport, dport, type, code, id, packets, bytes }: Tuple): TupleRecord | null {
  if (src === null || dst === null || src.family !== dst.family) return null;
  const counted = packets === null || bytes === null ? null : { packets, bytes };
  return { src, dst, sport, dport, icmpType: type, icmpCode: code, icmpId: Math.max(id, 0), counted };
}

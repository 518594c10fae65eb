import type { Counter } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { type DumpFindings, dumpFindings } from "../dump-findings.ts";
import { type DumpLine, dumpLines, quote } from "../dump-text.ts";
import { isJsonDump, jsonElements, objectField } from "../json-fields.ts";
import { isStatisticsHeading, statisticsReader } from "./netstat-statistics.ts";

/** A counter as a reader found it. */
export interface FoundCounter {
  /** As nstat prints it: the heading of /proc/net/snmp or netstat, then the name (`IpInAddrErrors`, `TcpExtListenDrops`). */
  readonly name: string;
  readonly value: number;
  readonly line: number;
}

export interface CounterDump {
  readonly counters: readonly Counter[];
  readonly findings: readonly Finding[];
}

/** `IpInReceives                    5                  0.0`. */
const NSTAT = /^([A-Z]\w+)\s+(\d+)\s+[\d.]+$/;
/** `Ip6InReceives                   	10` of /proc/net/snmp6. */
const SNMP6 = /^((?:Ip|Icmp|Udp|UdpLite)6\w+)\s+(\d+)$/;
/** `Ip: Forwarding DefaultTTL …` and `Ip: 2 64 …` of /proc/net/snmp and /proc/net/netstat. */
const PROC = /^(\w+): (\S+(?: \S+)*)$/;

/**
 * Reads counters of the kernel: `nstat -az` (text or JSON), /proc/net/snmp, /proc/net/netstat, /proc/net/snmp6, or `netstat -s`, also several
 * after one another. A counter that comes twice counts once, as it came first.
 */
export function readCounters(text: string, file: string, origins: OriginTable): CounterDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const found = isJsonDump(lines) ? jsonCounters(lines, findings) : textCounters(lines, findings);
  const counters = new Map<string, Counter>();
  for (const { name, value, line } of found) {
    const known = counters.get(name);
    if (known === undefined) counters.set(name, { name, value, origin: originAt(origins, originOfFile, line) });
    else if (known.value !== value) {
      findings.once(
        "counter-twice",
        "info",
        line,
        "Counters stand here twice with different values; the first counts.",
      );
    }
  }
  return { counters: [...counters.values()], findings: findings.list() };
}

function jsonCounters(lines: readonly DumpLine[], findings: DumpFindings): readonly FoundCounter[] {
  const found: FoundCounter[] = [];
  for (const { object, line } of jsonElements(lines, findings)) {
    const kernel = objectField(object, "kernel");
    for (const [name, value] of Object.entries(kernel ?? {})) {
      if (typeof value === "number" && Number.isSafeInteger(value)) found.push({ name, value, line });
    }
    if (kernel === null) findings.add("unknown-line", "warning", line, "A JSON object that is not of nstat.");
  }
  return found;
}

function textCounters(lines: readonly DumpLine[], findings: DumpFindings): readonly FoundCounter[] {
  const found: FoundCounter[] = [];
  const statistics = statisticsReader();
  let names: { readonly group: string; readonly words: readonly string[] } | null = null;
  for (const { number: line, text } of lines) {
    const plain = NSTAT.exec(text) ?? SNMP6.exec(text);
    if (plain !== null) {
      found.push({ name: plain[1] ?? "", value: Number(plain[2]), line });
      continue;
    }
    if (text.startsWith("#kernel")) continue;
    if (isStatisticsHeading(text) || statistics.isOpen()) {
      const proc = PROC.exec(text);
      if (proc === null || /^\s/.test(text)) {
        statistics.read(text, line, found, findings);
        continue;
      }
    }
    const proc = PROC.exec(text);
    if (proc === null) {
      findings.add("unknown-line", "warning", line, `Not a counter: ${quote(text)}.`, {
        expected: "`Name value rate` of nstat -az, or a line of /proc/net/snmp",
      });
      continue;
    }
    const group = proc[1] ?? "";
    const words = (proc[2] ?? "").split(" ");
    if (!words.every((word) => /^-?\d+$/.test(word))) {
      names = { group, words };
      continue;
    }
    if (names === null || names.group !== group || names.words.length !== words.length) {
      findings.add("damaged-line", "warning", line, `The values of ${group} have no line with their names above.`);
    } else {
      for (const [i, word] of words.entries()) {
        const value = Number(word);
        if (Number.isSafeInteger(value) && value >= 0)
          found.push({ name: `${group}${names.words[i] ?? ""}`, value, line });
      }
    }
    names = null;
  }
  return found;
}

import type { ConntrackStatistic } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { dumpFindings } from "../dump-findings.ts";
import { dumpLines, quote } from "../dump-text.ts";

export interface ConntrackStatisticsDump {
  readonly statistics: readonly ConntrackStatistic[];
  readonly findings: readonly Finding[];
}

/** `cpu=0   	found=0 invalid=0 …`. */
const CPU = /^\s*cpu=(\d+)\s+(?=\w+=\d)/;
/** `entries  clashres found …`, and below it a line of hexadecimal numbers for each CPU (/proc/net/stat/nf_conntrack). */
const COLUMNS = /^\s*entries\s+\w/;
const VALUES = /^\s*[\da-f]{8}(?:\s+[\da-f]{8})*$/;
/** `entries                 27` of conntrack -S before 1.4.2, which sums up all CPUs, and of -C. */
const SUMMED = /^\s*([a-z_]+)\s+(\d+)$/;
const COUNT = /^\s*(\d+)$/;

/** Columns that say how many there are now, the same on each line. */
const GAUGES: ReadonlySet<string> = new Set(["entries"]);

/**
 * Reads `conntrack -S` in its forms: a line per CPU, the older list of sums, and the columns of /proc/net/stat/nf_conntrack. Lines that
 * are no statistics are passed over where flows may stand above them (`conntrack -LSC`).
 */
export function readConntrackStatistics(text: string, file: string, origins: OriginTable): ConntrackStatisticsDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const statistics: ConntrackStatistic[] = [];
  const add = (cpu: number | null, name: string, value: number, line: number): void => {
    if (Number.isSafeInteger(value))
      statistics.push({ cpu, name, value, origin: originAt(origins, originOfFile, line) });
  };
  let columns: readonly string[] = [];
  let row = 0;
  for (const { number, text: line } of lines) {
    const cpu = CPU.exec(line);
    const summed = SUMMED.exec(line);
    const count = COUNT.exec(line);
    if (cpu !== null) {
      for (const [, name = "", value] of line.slice(cpu[0].length).matchAll(/(\w+)=(\d+)/g))
        add(Number(cpu[1]), name, Number(value), number);
    } else if (COLUMNS.test(line) && !SUMMED.test(line)) {
      columns = line.trim().split(/\s+/);
      row = 0;
    } else if (columns.length > 0 && VALUES.test(line)) {
      const values = line.trim().split(/\s+/);
      for (const [i, name] of columns.entries()) {
        const value = values[i];
        if (value === undefined || (GAUGES.has(name) && row > 0)) continue;
        add(GAUGES.has(name) ? null : row, name, Number.parseInt(value, 16), number);
      }
      row++;
    } else if (summed !== null) add(null, summed[1] ?? "", Number(summed[2]), number);
    else if (count !== null) add(null, "entries", Number(count[1]), number);
    else if (!/src=\S+ dst=|^conntrack v/.test(line)) {
      findings.add("unknown-line", "warning", number, `Not a statistic of conntrack: ${quote(line)}.`, {
        expected: "`cpu=N found=N …`",
      });
    }
  }
  return { statistics, findings: findings.list() };
}

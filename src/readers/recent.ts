import type { Finding } from "../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../model/origin.ts";
import type { RecentRecord } from "../model/recent-record.ts";
import { parseAddress } from "../net/address.ts";
import { dumpFindings } from "./dump-findings.ts";
import { type DumpLine, dumpLines, quote } from "./dump-text.ts";

export interface RecentDump {
  /** By name of the list. */
  readonly lists: ReadonlyMap<string, readonly RecentRecord[]>;
  readonly findings: readonly Finding[];
}

/** `tail -v` and `head -v` above each file. */
const HEADER = /^==> (?:\S*\/)?([^/\s]+) <==$/;
/** A line, in `grep -H .` with its file in front. */
const ENTRY =
  /^(?:(?:\S*\/)?([^/\s:]+):)?src=([\da-fA-F.:]+) ttl: (\d{1,3}) last_seen: (\d{1,20}) oldest_pkt: (\d{1,5})((?:,? \d{1,20})*)$/;
/** Two lines of /proc/timer_list: seconds since the start, and the count of jiffies, which starts at -300 s (INITIAL_JIFFIES). */
const NOW = /^now at (\d+) nsecs$/;
const JIFFIES = /^jiffies: (\d+)$/;

const INITIAL_SECONDS = 300;
const UINT32 = 2 ** 32;
/** Values of CONFIG_HZ (kernel/Kconfig.hz and those of other architectures). */
const RATES: readonly number[] = [24, 48, 100, 128, 200, 250, 256, 300, 500, 1000, 1024, 1200];

interface Clock {
  /** The jiffy of the dump. */
  readonly now: number;
  /** Jiffies in a second. */
  readonly rate: number;
}

/**
 * Reads `tail -v -n +1 /proc/net/xt_recent/*` or `grep -H . /proc/net/xt_recent/*` (net/netfilter/xt_recent.c,
 * recent_seq_show): stamps are jiffies, of which `grep -m2 -e ^now -e ^jiffies /proc/timer_list` behind it tells the time.
 */
export function readRecent(text: string, file: string, origins: OriginTable): RecentDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const clock = clockOf(lines);
  const lists = new Map<string, RecentRecord[]>();
  let name: string | null = null;
  for (const line of lines) {
    const header = HEADER.exec(line.text)?.[1];
    if (header !== undefined) {
      name = header;
      if (!lists.has(name)) lists.set(name, []);
      continue;
    }
    if (NOW.test(line.text) || JIFFIES.test(line.text)) continue;
    const entry = ENTRY.exec(line.text);
    const list = entry?.[1] ?? name;
    const address = parseAddress(entry?.[2] ?? "");
    if (entry === null || address === null) {
      findings.add("unknown-line", "warning", line.number, `Not an entry of a recent list: ${quote(line.text)}.`, {
        expected: "`src=ADDRESS ttl: N last_seen: N oldest_pkt: N N, N`",
      });
      continue;
    }
    if (list === null) {
      findings.add("unknown-line", "warning", line.number, "An entry without the list that it is of; it is left out.", {
        advice: "Collect with `tail -v -n +1 /proc/net/xt_recent/*`, which names each file.",
      });
      continue;
    }
    const [, , , ttl = "0", lastSeen = "0", next = "0", stamps = ""] = entry;
    const records = lists.get(list) ?? [];
    lists.set(list, records);
    records.push({
      address,
      ttl: Number(ttl),
      ages: [...stamps.matchAll(/\d+/g)].map(([stamp]) =>
        clock === null ? null : Math.max(0, (clock.now - Number(stamp)) / clock.rate),
      ),
      next: Number(next),
      lastSeen: Number(lastSeen),
      origin: originAt(origins, originOfFile, line.number),
    });
  }
  if (clock === null && [...lists.values()].some((records) => records.length > 0)) {
    findings.add(
      "recent-without-clock",
      "warning",
      0,
      "Stamps of the recent lists count jiffies, and nothing tells which one it was: how long ago each packet came is unknown.",
      { advice: "Add what `grep -m2 -e ^now -e ^jiffies /proc/timer_list` prints, taken at the same time." },
    );
  }
  return { lists, findings: findings.list() };
}

/** What time it was in jiffies. Null where the lines are not there, or near the time at which each rate gives the same. */
function clockOf(lines: readonly DumpLine[]): Clock | null {
  const number = (pattern: RegExp): number | null => {
    for (const { text } of lines) {
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) return Number(found);
    }
    return null;
  };
  const nanoseconds = number(NOW);
  const now = number(JIFFIES);
  if (nanoseconds === null || now === null) return null;
  const seconds = nanoseconds / 1e9 - INITIAL_SECONDS;
  const fitting = RATES.filter(
    (rate) => Math.abs(UINT32 + rate * seconds - now) < Math.max(rate, seconds * 0.01 * rate),
  );
  const [rate] = fitting.sort((x, y) => distance(x, seconds, now) - distance(y, seconds, now));
  return rate === undefined || Math.abs(seconds) < 10 ? null : { now, rate };
}

function distance(rate: number, seconds: number, now: number): number {
  return Math.abs(UINT32 + rate * seconds - now);
}

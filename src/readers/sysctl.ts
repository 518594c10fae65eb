import type { Finding } from "../model/finding.ts";
import { type Origin, type OriginTable, originAt, originFile } from "../model/origin.ts";
import { dumpFindings } from "./dump-findings.ts";
import { dumpLines, quote } from "./dump-text.ts";
import { valueWritten } from "./sysctl-value.ts";
import { takenInstead } from "./unmodelled-sysctl.ts";

export interface SysctlDump {
  /** By key in the form of Host.sysctls. */
  readonly values: ReadonlyMap<string, string>;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly findings: readonly Finding[];
}

/** `key = value`, `key=value`. A leading `-` (sysctl.conf(5)) ignores errors. */
const ASSIGNMENT = /^\s*-?((?:\/proc\/sys\/)?[A-Za-z][^=\s]*)\s*=\s*(.*)$/;

/** `grep . -r /proc/sys/net`. */
const FILE_CONTENT = /^\s*(\/proc\/sys\/[^:=\s]+):(.*)$/;

/** What `sysctl -a` says on stderr about keys that it may not or cannot read. */
const REMARK =
  /^sysctl: (?:permission denied on key|reading key|cannot stat|error reading key|unable to open directory|read_)/;

/** Directories of /proc/sys/net whose next component is an interface name, and their depth in components. */
const PER_INTERFACE = /^net\.(?:ipv4|ipv6|mpls)\.(?:conf|neigh)\.(.+)\.([^.]+)$/;

/** Reads `sysctl -a`, files of sysctl.d, or a listing of /proc/sys. Of a key that occurs twice the last value counts. */
export function readSysctls(text: string, file: string, origins: OriginTable): SysctlDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const values = new Map<string, string>();
  const originOf = new Map<string, Origin>();
  for (const { number, text: line } of lines) {
    if (/^\s*[#;]/.test(line)) continue;
    if (line.startsWith("s") && REMARK.test(line)) {
      findings.add("unreadable-key", "info", number, `${line.trim()}.`);
      continue;
    }
    const [, written, value = ""] = ASSIGNMENT.exec(line) ?? FILE_CONTENT.exec(line) ?? [];
    if (written === undefined || written.includes("*")) {
      findings.add("unknown-line", "warning", number, `Not a sysctl: ${quote(line)}.`, { expected: "`key = value`" });
      continue;
    }
    const key = sysctlKey(written);
    const text = /\s/.test(value) ? value.replace(/\s+/g, " ").trim() : value;
    const plain = valueWritten(key, text);
    if (plain === null) {
      const what = text === "" ? `${key} has no value` : `${quote(text)} is no value of ${key}, and is refused`;
      const message = `${what}: the kernel keeps what it has.`;
      const column = line.length - value.length + 1;
      findings.add("sysctl-value", "warning", number, message, { column, expected: "a number" });
      continue;
    }
    const before = values.get(key);
    // A value of several lines (kernel.core_modes) is printed as several assignments; none below `net` has one.
    if (before !== undefined && before !== plain && key.startsWith("net.")) {
      findings.add(
        "duplicate-key",
        "warning",
        number,
        `${key} was ${quote(before)} above and is ${quote(plain)} here; this one counts.`,
      );
    }
    const taken = takenInstead(key, plain);
    if (taken !== null) {
      const message = `${key} is ${quote(plain)}: podpath does not model it, and answers ${taken}.`;
      findings.add("unmodelled-sysctl", "warning", number, message);
    }
    values.set(key, plain);
    originOf.set(key, originAt(origins, originOfFile, number));
  }
  return { values, origins: originOf, findings: findings.list() };
}

/**
 * A key in the form that `sysctl -a` prints and Host.sysctls uses: components joined by dots, dots inside a component (of an
 * interface name) as `/`. As sysctl(8) has it, a key whose first separator is `/` has them the other way round. BusyBox prints
 * `net.ipv4.conf.vxlan.calico.rp_filter`, with dots throughout: what stands between `conf` and the last component is the name.
 */
export function sysctlKey(written: string): string {
  // No dot inside a component: the form of sysctl(8) already, as nearly every line has it.
  if (written.startsWith("net.") && written.split(".").length <= 5) return written;
  const path = written.replace(/^\/proc\/sys\//, "");
  const separator = /[./]/.exec(path)?.[0];
  const dotted = separator === "/" ? path.replace(/[./]/g, (c) => (c === "/" ? "." : "/")) : path;
  const match = PER_INTERFACE.exec(dotted);
  const [, name = "", setting = ""] = match ?? [];
  if (match === null || !name.includes(".")) return dotted;
  return `${dotted.slice(0, dotted.length - name.length - setting.length - 1)}${name.replaceAll(".", "/")}.${setting}`;
}

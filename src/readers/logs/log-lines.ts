import type { LogLine } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";

export interface LogDump {
  /** Lines that speak of a packet, a session, an address or an interface; a bounded number, the latest. */
  readonly lines: readonly LogLine[];
  readonly findings: readonly Finding[];
}

/** So many lines are kept of one file, the latest. */
const KEPT = 1_000;
/** What is behind this says nothing that the beginning does not say. */
const LONGEST = 2_000;

/** `[12345.678901] `, `[Sat Feb 15 10:00:00 2025] ` of dmesg. */
const DMESG = /^\[ *(\d+\.\d+|\w{3} \w{3} +\d+ [\d:]+ \d{4})\] (.*)$/;
/** `Feb 15 10:00:00 worker-1 kernel: …`, `2025-02-15T10:00:00.000000+00:00 worker-1 bird[123]: …`. */
const SYSLOG =
  /^(\w{3} +\d+ \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) (?:<[\w.]+> )?(\S+) ([\w./-]{1,64})(?:\[\d+\])?: (.*)$/;
/** `2025-02-15 10:00:00.123 [INFO][67] felix/int_dataplane.go 1234: …` of calico-node. */
const CALICO = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*) \[\w+\]\[\d+\] (\S+?)\/(.*)$/;
/** `bird: Mesh_10_0_0_2: …`, as the container of calico-node prints it. */
const BIRD = /^(bird6?): (.*)$/;
/** `2025-02-15 10:00:00 <RMT> Mesh_10_0_0_2: Error: Hold timer expired`, as BIRD 1.6 writes to its standard error. */
const BIRD_LOG =
  /^(?:bird6?: )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) <(?:TRACE|RMT|INFO|WARN|ERR|AUTH|FATAL|BUG|DBG)> (.*)$/;
/** `E0215 10:00:00.123456       1 proxier.go:1577] …` of klog; the file is the best that it says of the program. */
const KLOG = /^[IWEF](\d{4} \d\d:\d\d:\d\d\.\d+) +\d+ ([\w.-]+):\d+\] (.*)$/;
/** `[ERROR] plugin/errors: 2 example.org. A: read udp …: i/o timeout`. */
const COREDNS = /^\[(?:ERROR|WARNING|INFO|FATAL)\] (plugin\/\w+: .*)$/;
/** What `kubectl logs --timestamps`, the files of container runtimes and `svlogd -tt` (`2025-02-15_10:00:00.12345`) put in front. */
const STAMPED =
  /^(\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d[\d.]*(?:Z|[+-]\d\d:\d\d)|_\d\d:\d\d:\d\d\.\d+)) (?:std(?:out|err) [FP] )?(.*)$/;
const KERNEL_TIME = /^\[ *\d+\.\d+\] /;

/** What makes a line worth keeping: a packet that netfilter logged, and what the diagnosis knows the meaning of. */
const TELLING =
  /\bIN=\S* OUT=\S*|table full, dropping packet|martian source|neighbou?r table overflow|Unexpected connect|Connection (?:refused|reset|closed)|No listening socket|Bad peer AS|Bad BGP identifier|BGP not established|is already using the IPv[46] address|RPF check is set to|no more free addresses|no IP addresses available|No IPs available|maximum number of blocks|per host block limit|route already exists for an interface|unallowed src IP|Hold timer expired|: Received: |State changed to (?:up|down|start)$|Failed to (?:execute|program) ip|"Failed to execute ip|Succeeded after retry|plugin\/errors: .*(?:timeout|refused|no route to host|unreachable)|dad ?failed|duplicate address detected/i;

/** Reads logs of the kernel, the journal, kubelet, calico-node and BIRD for what they say of the network. Linear; keeps a bounded number of lines. */
export function readLogLines(text: string, file: string, origins: OriginTable): LogDump {
  const fileNumber = originFile(origins, file);
  const kept: { readonly line: string; readonly number: number }[] = [];
  let number = 0;
  let count = 0;
  for (let start = 0; start < text.length; ) {
    number++;
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, Math.min(end, start + LONGEST));
    start = end + 1;
    if (!TELLING.test(line)) continue;
    kept[count++ % KEPT] = { line, number };
  }
  const first = count % KEPT;
  const ordered = count <= KEPT ? kept : [...kept.slice(first), ...kept.slice(0, first)];
  const lines = ordered.map(({ line, number: at }) => ({
    ...partsOf(line.trimEnd()),
    origin: originAt(origins, fileNumber, at),
  }));
  if (count <= KEPT) return { lines, findings: [] };
  const message = `${count - KEPT} more lines speak of packets or sessions; the latest ${KEPT} are read.`;
  return { lines, findings: [{ code: "log-too-long", severity: "info", message, file }] };
}

function partsOf(line: string): Omit<LogLine, "origin"> {
  const bird = BIRD_LOG.exec(line);
  if (bird !== null) return { time: bird[1] ?? null, program: "bird", text: bird[2] ?? "" };
  const klog = KLOG.exec(line);
  if (klog !== null) return { time: klog[1] ?? null, program: klog[2] ?? null, text: klog[3] ?? "" };
  const dns = COREDNS.exec(line);
  if (dns !== null) return { time: null, program: "coredns", text: dns[1] ?? "" };
  const dmesg = DMESG.exec(line);
  if (dmesg !== null) return { time: dmesg[1] ?? null, program: "kernel", text: dmesg[2] ?? "" };
  const syslog = SYSLOG.exec(line);
  if (syslog !== null) {
    const text = (syslog[4] ?? "").replace(KERNEL_TIME, "");
    return { time: syslog[1] ?? null, program: syslog[3] ?? null, text };
  }
  const calico = CALICO.exec(line);
  if (calico !== null) return { time: calico[1] ?? null, program: calico[2] ?? null, text: calico[3] ?? "" };
  const printed = BIRD.exec(line);
  if (printed !== null) return { time: null, program: printed[1] ?? null, text: printed[2] ?? "" };
  const stamped = STAMPED.exec(line);
  if (stamped !== null) {
    const within = partsOf(stamped[2] ?? "");
    return { ...within, time: within.time ?? stamped[1] ?? null };
  }
  return { time: null, program: null, text: line };
}

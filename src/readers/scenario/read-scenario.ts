import {
  complain,
  elements,
  type Field,
  type FieldPath,
  flag,
  formatFieldPath,
  integer,
  isRecord,
  member,
  pathOf,
  text,
  topField,
} from "../../kubernetes/field.ts";
import type { Finding } from "../../model/finding.ts";
import { parseProtocol } from "../../net/protocol.ts";
import { type UnknownKey, unknownKeys } from "../known-keys.ts";
import { locateElements, locateField, locateKey, type Position } from "../resources/locate-field.ts";
import { noYaml, parseDocument } from "../resources/parse-document.ts";
import { readExpectation, word } from "./read-expectation.ts";
import { readFixes, readTime, readTimeline } from "./read-timeline.ts";
import type { Scenario, ScenarioNetwork, ScenarioProbe, UnplayedPart } from "./scenario.ts";

export interface ReadScenario {
  /** Null when no network can be told from it. */
  readonly scenario: Scenario | null;
  readonly findings: readonly Finding[];
}

const API_VERSION = "podpath/v1";
const KINDS = ["ping", "connect", "request", "traceroute", "lookup"] as const;
const TOP_KEYS = [
  "apiVersion",
  "kind",
  "metadata",
  "title",
  "symptom",
  "network",
  "timeline",
  "probes",
  "expectations",
  "fixes",
  "lesson",
];
const PROBE_KEYS = ["name", "from", "to", "kind", "proto", "port", "sport", "size", "df", "at", "expect"];
/** Each place costs a walk of the whole text. */
const LOCATED = 50;

/** Reads a `scenario.yaml`. What is wrong is told with line and column; a probe that is wrong is left out. */
export function readScenario(source: string, file: string): ReadScenario {
  const document = parseDocument(source);
  if (document.kind === "error") {
    return {
      scenario: null,
      findings: [{ ...noYaml(document, file), expected: "a scenario file" }],
    };
  }
  const top = topField(document.value);
  const unknown: UnknownKey[] = [];
  const findings: Finding[] = [];
  let located = 0;
  const place = (path: FieldPath): Position | null => (located++ < LOCATED ? locateField(source, path) : null);
  const report = (path: FieldPath, finding: Omit<Finding, "file" | "line" | "column">): void => {
    findings.push({ ...finding, file, ...(place(path) ?? {}) });
  };

  if (!isRecord(document.value)) {
    report([], {
      code: "not-a-scenario",
      severity: "error",
      message: "The file is no scenario.",
      expected: `apiVersion: ${API_VERSION}, kind: Scenario, …`,
    });
    return { scenario: null, findings };
  }
  unknown.push(...unknownKeys(top, TOP_KEYS));
  expectWord(top, "apiVersion", API_VERSION);
  expectWord(top, "kind", "Scenario");
  const network = readNetwork(top, unknown, report, place);
  const lines = locateElements(source, ["probes"]).map(({ line }) => line);
  const probes = readProbes(top, lines, unknown, report);
  const lineIn = (part: string) => {
    const starts = locateElements(source, [part]);
    return (field: Field): number | null => starts[Number(pathOf(field).at(-1) ?? 0)]?.line ?? null;
  };
  const scenario: Scenario = {
    name: text(member(member(top, "metadata"), "name")) ?? file,
    file,
    title: text(member(top, "title")),
    symptom: text(member(top, "symptom")),
    lesson: text(member(top, "lesson")),
    network: network ?? { snapshot: null, cluster: null, line: null },
    probes,
    leftOut: elements(member(top, "probes")).length - probes.length,
    timeline: readTimeline(member(top, "timeline"), unknown, lineIn("timeline")),
    fixes: readFixes(member(top, "fixes"), unknown, lineIn("fixes")),
    unplayed: readUnplayed(top),
  };
  const names = new Set(probes.map(({ name }) => name));
  for (const [index, fix] of scenario.fixes.entries()) {
    for (const stranger of [...fix.expect.keys()].filter((name) => !names.has(name))) {
      report(["fixes", index, "expect", stranger], {
        code: "fix-of-nothing",
        severity: "error",
        message: `The fix ${fix.name} expects something of ${stranger}, which is no probe.`,
        expected: `one of ${[...names].slice(0, 8).join(", ")}`,
      });
    }
  }
  for (const problem of top.problems) {
    report(problem.path, {
      code: "bad-field",
      severity: "error",
      message: `${formatFieldPath(problem.path)} is ${problem.found}.`,
      expected: problem.expected,
    });
  }
  for (const key of unknown) {
    const position = located++ < LOCATED ? locateKey(source, key.path) : null;
    findings.push({
      file,
      ...(position ?? {}),
      code: "unknown-key",
      severity: "error",
      message: `Nobody reads "${key.key}" (${formatFieldPath(key.path)}).`,
      advice: key.suggestion,
    });
  }
  return { scenario: network === null ? null : scenario, findings: inOrder(findings) };
}

function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((x, y) => (x.line ?? Number.MAX_SAFE_INTEGER) - (y.line ?? Number.MAX_SAFE_INTEGER));
}

function expectWord(top: Field, key: string, expected: string): void {
  const field = member(top, key);
  if (text(field) !== expected) complain(field, expected);
}

type Report = (path: FieldPath, finding: Omit<Finding, "file" | "line" | "column">) => void;

function readNetwork(
  top: Field,
  unknown: UnknownKey[],
  report: Report,
  place: (path: FieldPath) => Position | null,
): ScenarioNetwork | null {
  const field = member(top, "network");
  unknown.push(...unknownKeys(field, ["snapshot", "cluster"]));
  const snapshot = text(member(field, "snapshot"));
  const cluster = text(member(field, "cluster"));
  if ((snapshot === null) === (cluster === null)) {
    report(["network"], {
      code: "network-missing",
      severity: "error",
      message: snapshot === null ? "The scenario names no network." : "The scenario names two networks.",
      expected: "network: {snapshot: ./folder}, or network: {cluster: ./folder}",
    });
    return null;
  }
  return { snapshot, cluster, line: place(["network"])?.line ?? null };
}

function readProbes(
  top: Field,
  lines: readonly number[],
  unknown: UnknownKey[],
  report: Report,
): readonly ScenarioProbe[] {
  const probes: ScenarioProbe[] = [];
  const names = new Set<string>();
  for (const field of elements(member(top, "probes"))) {
    const probe = readProbe(field, lines, unknown, report);
    if (probe === null) continue;
    if (names.has(probe.name)) {
      report([...pathOf(field), "name"], {
        code: "probe-twice",
        severity: "error",
        message: `There are two probes named ${probe.name}; the first counts.`,
        advice: "Give each probe its own name.",
      });
      continue;
    }
    names.add(probe.name);
    probes.push(probe);
  }
  return probes;
}

function readProbe(
  field: Field,
  lines: readonly number[],
  unknown: UnknownKey[],
  report: Report,
): ScenarioProbe | null {
  unknown.push(...unknownKeys(field, PROBE_KEYS));
  const before = field.problems.length;
  const from = text(member(field, "from"));
  const to = text(member(field, "to"));
  const kind = word(member(field, "kind"), KINDS);
  const protocol = readProtocol(member(field, "proto"));
  const port = readNumber(member(field, "port"), 1, 65535);
  const sport = readNumber(member(field, "sport"), 1, 65535);
  const size = readNumber(member(field, "size"), 0, 65495);
  const df = flag(member(field, "df")) ?? false;
  const expect = readExpectation(member(field, "expect"), unknown);
  const at = readTime(member(field, "at"));
  if (from === null || to === null) {
    report(pathOf(field), {
      code: "probe-incomplete",
      severity: "error",
      message: `The probe has no ${from === null ? "from" : "to"}; it was left out.`,
      expected: "from: and to: with an endpoint such as pod/default/a",
    });
    return null;
  }
  if (field.problems.length > before) return null;
  const position = Number(pathOf(field).at(-1) ?? 0) + 1;
  return {
    name: text(member(field, "name")) ?? `probe ${position}`,
    line: lines[position - 1] ?? null,
    probe: { from, to, kind, protocol, port, sport, size, df },
    at,
    expect,
  };
}

function readProtocol(field: Field): number | null {
  const { value } = field;
  if (value === undefined || value === null) return null;
  const protocol = typeof value === "string" || typeof value === "number" ? parseProtocol(String(value)) : null;
  if (protocol === null) complain(field, "tcp, udp, icmp, icmpv6, sctp or a number from 0 to 255");
  return protocol;
}

function readNumber(field: Field, least: number, most: number): number | null {
  const value = integer(field);
  if (value === null || (value >= least && value <= most)) return value;
  complain(field, `a whole number from ${least} to ${most}`);
  return null;
}

/** Parts whose shape is checked and which later versions play. */
function readUnplayed(top: Field): readonly UnplayedPart[] {
  const list = elements(member(top, "expectations"));
  for (const element of list) if (!isRecord(element.value)) complain(element, "a mapping");
  return list.length > 0 ? [{ part: "expectations", count: list.length }] : [];
}

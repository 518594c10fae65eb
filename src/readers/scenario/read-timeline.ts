import { complain, elements, type Field, isRecord, member, text } from "../../kubernetes/field.ts";
import { type UnknownKey, unknownKeys } from "../known-keys.ts";
import { readExpectation, word } from "./read-expectation.ts";
import {
  type Change,
  DAEMON_ACTIONS,
  type Fix,
  LINK_ACTIONS,
  NODE_ACTIONS,
  POD_ACTIONS,
  type TimelineEvent,
} from "./scenario.ts";

/** Where the n-th element of a list of the file stands. */
type LineOf = (field: Field) => number | null;

const CHANGES = "{exec: …}, {apply: FILE}, {daemon: …}, {pod: …}, {link: …}, {node: …} or {loss: …}";

/** The `timeline`, in order of time; events of one time in the order written. */
export function readTimeline(field: Field, unknown: UnknownKey[], lineOf: LineOf): readonly TimelineEvent[] {
  const events = elements(field).flatMap((element): readonly TimelineEvent[] => {
    if (!isRecord(element.value)) {
      complain(element, `{at: 10s, change: ${CHANGES}}`);
      return [];
    }
    unknown.push(...unknownKeys(element, ["at", "change"]));
    const at = readTime(member(element, "at")) ?? 0;
    const change = readChange(member(element, "change"), unknown, lineOf(element));
    return change === null ? [] : [{ at, change }];
  });
  return [...events].sort((x, y) => x.at - y.at);
}

/** The `fixes`: what a learner should find. */
export function readFixes(field: Field, unknown: UnknownKey[], lineOf: LineOf): readonly Fix[] {
  return elements(field).flatMap((element): readonly Fix[] => {
    if (!isRecord(element.value)) {
      complain(element, `{name: …, changes: [${CHANGES}], expect: {PROBE: {result: answered}}}`);
      return [];
    }
    unknown.push(...unknownKeys(element, ["name", "changes", "expect"]));
    const line = lineOf(element);
    const changes = elements(member(element, "changes")).flatMap((one) => readChange(one, unknown, line) ?? []);
    const expect = member(element, "expect");
    const expected = isRecord(expect.value)
      ? Object.keys(expect.value).map((name) => [name, readExpectation(member(expect, name), unknown)] as const)
      : [];
    return [{ name: text(member(element, "name")) ?? "fix", changes, expect: new Map(expected), line }];
  });
}

function readChange(field: Field, unknown: UnknownKey[], line: number | null): Change | null {
  if (!isRecord(field.value)) {
    complain(field, CHANGES);
    return null;
  }
  const path = text(member(field, "apply"));
  if (path !== null) {
    unknown.push(...unknownKeys(field, ["apply"]));
    return { kind: "apply", path, line };
  }
  const daemon = member(field, "daemon");
  if (daemon.value !== undefined) return readDaemon(field, daemon, unknown, line);
  const read = [readPod, readLink, readNode, readLoss].find(({ key }) => member(field, key).value !== undefined);
  if (read !== undefined) {
    unknown.push(...unknownKeys(field, [read.key]), ...unknownKeys(member(field, read.key), read.fields));
    return read.make(member(field, read.key), line);
  }
  const exec = member(field, "exec");
  if (exec.value === undefined) {
    return { kind: "other", what: Object.keys(field.value)[0] ?? "nothing", line };
  }
  unknown.push(...unknownKeys(field, ["exec"]), ...unknownKeys(exec, ["host", "command"]));
  const host = text(member(exec, "host"));
  const command = text(member(exec, "command"));
  if (host === null) complain(member(exec, "host"), "a host, or a pattern such as node*");
  if (command === null) complain(member(exec, "command"), "what somebody types there");
  return host === null || command === null ? null : { kind: "exec", host, command, line };
}

/** `{daemon: {host: node*, name: bird, action: restart}}`. */
function readDaemon(field: Field, daemon: Field, unknown: UnknownKey[], line: number | null): Change | null {
  unknown.push(...unknownKeys(field, ["daemon"]), ...unknownKeys(daemon, ["host", "name", "action"]));
  const host = text(member(daemon, "host"));
  const action = word(member(daemon, "action"), DAEMON_ACTIONS);
  if (host === null) complain(member(daemon, "host"), "a host, or a pattern such as node*");
  if ((text(member(daemon, "name")) ?? "bird") !== "bird") complain(member(daemon, "name"), "bird");
  if (member(daemon, "action").value === undefined) complain(member(daemon, "action"), DAEMON_ACTIONS.join(", "));
  return host === null || action === null ? null : { kind: "daemon", host, action, line };
}

/** One kind of change: its key, its fields, and what they make. */
interface ChangeReader {
  readonly key: string;
  readonly fields: readonly string[];
  make(field: Field, line: number | null): Change | null;
}

function needed(field: Field, name: string, expected: string): string | null {
  const found = text(member(field, name));
  if (found === null) complain(member(field, name), expected);
  return found;
}

const A_HOST = "a host, or a pattern such as node*";

/** `{pod: {name: shop/web, action: move, node: worker-2}}`. */
const readPod: ChangeReader = {
  key: "pod",
  fields: ["name", "action", "node", "labels"],
  make: (field, line) => {
    const pod = needed(field, "name", "the pod's namespace and name, such as default/web");
    const action = word(member(field, "action"), POD_ACTIONS);
    if (member(field, "action").value === undefined) complain(member(field, "action"), POD_ACTIONS.join(", "));
    const isNamed = pod !== null && /^[a-z0-9.-]+\/[a-z0-9.-]+$/.test(pod);
    if (pod !== null && !isNamed) complain(member(field, "name"), "the pod's namespace and name, such as default/web");
    const isPlaced = action === "create" || action === "move";
    const node = isPlaced ? needed(field, "node", "the node that it runs on") : null;
    const written = member(field, "labels");
    const names = isRecord(written.value) ? Object.keys(written.value) : [];
    const labels = new Map(names.map((name) => [name, text(member(written, name)) ?? ""]));
    if (!isNamed || action === null || (isPlaced && node === null)) return null;
    return { kind: "pod", pod, action, node, labels, line };
  },
};

/** `{link: {host: node1, interface: eth0, action: down}}`. */
const readLink: ChangeReader = {
  key: "link",
  fields: ["host", "interface", "action"],
  make: (field, line) => {
    const host = needed(field, "host", A_HOST);
    const name = needed(field, "interface", "an interface of the host, such as eth0");
    const action = word(member(field, "action"), LINK_ACTIONS);
    if (member(field, "action").value === undefined) complain(member(field, "action"), LINK_ACTIONS.join(" or "));
    return host === null || name === null || action === null
      ? null
      : { kind: "link", host, interface: name, action, line };
  },
};

/** `{node: {host: node1, action: reboot}}`. */
const readNode: ChangeReader = {
  key: "node",
  fields: ["host", "action"],
  make: (field, line) => {
    const host = needed(field, "host", A_HOST);
    const action = word(member(field, "action"), NODE_ACTIONS);
    if (member(field, "action").value === undefined) complain(member(field, "action"), NODE_ACTIONS.join(", "));
    return host === null || action === null ? null : { kind: "node", host, action, line };
  },
};

/** `{loss: {link: lan, percent: 30}}`. */
const readLoss: ChangeReader = {
  key: "loss",
  fields: ["link", "percent"],
  make: (field, line) => {
    const link = needed(field, "link", "a segment of the network, such as lan");
    const { value } = member(field, "percent");
    if (typeof value !== "number" || !(value >= 0 && value <= 100)) {
      complain(member(field, "percent"), "a number from 0 to 100");
      return null;
    }
    return link === null ? null : { kind: "loss", link, share: value / 100, line };
  },
};

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Seconds of `10s`, `5m`, `1h30m`, `500ms` or a number; null when absent or wrong, which is complained of. */
export function readTime(field: Field): number | null {
  const { value } = field;
  if (value === undefined || value === null) return null;
  if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return value;
  const written = typeof value === "string" ? value.trim() : "";
  if (/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(written)) {
    const parts = [...written.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
    return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (SECONDS[unit ?? ""] ?? 0), 0);
  }
  complain(field, "a time such as 10s, 5m or 1h30m");
  return null;
}

import { plural } from "../plural.ts";
import type { TopologyEnd, TopologyGraph } from "./graph.ts";
import type { PictureJoint, Row } from "./picture.ts";
import { type Session, stateOf } from "./sessions.ts";

/** Sessions that are drawn one by one. */
const SESSIONS_IN_FULL = 6;
/** Names told of sessions that are drawn together. */
const NAMED = 3;

/** What joins the boxes. `holders`: the box of each machine. */
export function jointsOf(
  graph: TopologyGraph,
  holders: ReadonlyMap<string, string>,
  expand: boolean,
): readonly PictureJoint[] {
  const boxesOf = (hosts: readonly string[]): readonly string[] => [
    ...new Set(hosts.flatMap((host) => holders.get(host) ?? [])),
  ];
  return [
    ...graph.segments.map(({ name, closed, ends }) => ({
      id: `segment ${name}`,
      kind: "segment" as const,
      rows: rowsOf(name, ends, closed ? "nobody else" : ""),
      ends: boxesOf(hostsOf(ends)),
    })),
    ...graph.tunnels.map(({ name, ends }) => ({
      id: `tunnel ${name}`,
      kind: "tunnel" as const,
      rows: rowsOf(name, ends, [...new Set(ends.map((end) => end.interface))].slice(0, NAMED).join(", ")),
      ends: boxesOf(hostsOf(ends)),
    })),
    ...sessionJoints(graph.sessions, boxesOf, expand),
  ];
}

function hostsOf(ends: readonly TopologyEnd[]): readonly string[] {
  return ends.map(({ host }) => host);
}

function rowsOf(name: string, ends: readonly TopologyEnd[], detail: string): readonly Row[] {
  const count = plural(ends.length, "interface");
  return [
    { text: name, tone: "plain" },
    { text: detail === "" ? count : `${count}, ${detail}`, tone: "faint" },
  ];
}

/** Few sessions are drawn each; many by their state, with the names of those that are down. */
function sessionJoints(
  sessions: readonly Session[],
  boxesOf: (hosts: readonly string[]) => readonly string[],
  expand: boolean,
): readonly PictureJoint[] {
  if (sessions.length <= SESSIONS_IN_FULL) {
    return sessions.map((session) => ({
      id: `session ${session.ends.join(" ")} ${session.sides[0]?.peer ?? ""}`,
      kind: "session",
      rows: [
        { text: `BGP ${stateOf(session)}`, tone: session.established ? "good" : "bad" },
        { text: session.ends.join(" – "), tone: "plain" },
      ],
      ends: boxesOf(session.ends),
    }));
  }
  const groups = new Map<string, Session[]>();
  for (const session of sessions) groups.set(stateOf(session), [...(groups.get(stateOf(session)) ?? []), session]);
  return [...groups].map(([state, own]) => {
    const established = own.every((session) => session.established);
    const told = established ? [] : own.slice(0, expand ? own.length : NAMED);
    const more = own.length - told.length;
    return {
      id: `sessions ${state}`,
      kind: "session",
      rows: [
        { text: `BGP ${state}`, tone: established ? "good" : "bad" },
        { text: plural(own.length, "session"), tone: "plain" },
        ...told.map(({ ends }): Row => ({ text: ends.join(" – "), tone: "plain" })),
        ...(told.length > 0 && more > 0 ? [{ text: `and ${more} more`, tone: "faint" } as const] : []),
      ],
      ends: boxesOf(own.flatMap(({ ends }) => ends)),
    };
  });
}

import type { Machine, TopologyGraph } from "./graph.ts";
import type { Session } from "./sessions.ts";

/** Machines that share a box; most often one. */
export interface MachineGroup {
  readonly id: string;
  readonly machines: readonly Machine[];
}

/** So many machines of one kind are drawn one by one. */
const IN_FULL = 8;
/** Fewer than these are not worth a box of their own. */
const WORTH_GROUPING = 3;
/** More boxes of one kind than these, and the rest shares one whatever it is like. */
const BOXES = 12;

/**
 * Which machines share a box. Beyond a number of one kind those that are alike (same interfaces, same segments and tunnels,
 * BGP as well or as badly) do, so that what differs stands out; those on the path of a packet never do. Pods of machines that
 * were dumped are inside of those.
 */
export function groupMachines(
  graph: TopologyGraph,
  onPath: ReadonlySet<string>,
  expand: boolean,
): readonly MachineGroup[] {
  const top = graph.machines.filter(({ node }) => node === null);
  const hosting = new Set(graph.machines.filter(({ name }) => onPath.has(name)).map(({ node }) => node));
  const isApart = ({ name }: Machine): boolean => onPath.has(name) || hosting.has(name);
  return (["host", "node", "pod"] as const).flatMap((kind) => {
    const own = top.filter((machine) => machine.kind === kind);
    if (expand || own.length <= IN_FULL) return own.map(alone);
    const apart = own.filter(isApart);
    const rest = own.filter((machine) => !isApart(machine));
    const alike = alikeOf(graph, rest);
    const boxes = alike.flatMap((machines) =>
      machines.length < WORTH_GROUPING ? machines.map(alone) : [together(machines)],
    );
    return [...apart.map(alone), ...(boxes.length <= BOXES ? boxes : [together(rest)])];
  });
}

function alone(machine: Machine): MachineGroup {
  return { id: machine.name, machines: [machine] };
}

function together(machines: readonly Machine[]): MachineGroup {
  return { id: `group of ${machines[0]?.name ?? ""}`, machines };
}

function alikeOf(graph: TopologyGraph, machines: readonly Machine[]): readonly (readonly Machine[])[] {
  const joinedTo = new Map<string, string[]>();
  const note = (host: string, what: string): void => {
    joinedTo.set(host, [...(joinedTo.get(host) ?? []), what]);
  };
  for (const { name, ends } of [...graph.segments, ...graph.tunnels]) for (const { host } of ends) note(host, name);
  const sessions = sessionsOfEach(graph);
  const groups = new Map<string, Machine[]>();
  for (const machine of machines) {
    const { name, interfaces } = machine;
    const devices = interfaces
      .filter(({ addresses }) => addresses.length > 0)
      .map((one) => `${one.name} ${one.kind} ${one.up}`);
    const key = [...devices, ...(joinedTo.get(name) ?? []), healthOf(sessions.get(name) ?? [])].join("\n");
    groups.set(key, [...(groups.get(key) ?? []), machine]);
  }
  return [...groups.values()];
}

function sessionsOfEach({ sessions }: TopologyGraph): ReadonlyMap<string, readonly Session[]> {
  const own = new Map<string, Session[]>();
  for (const session of sessions) for (const end of session.ends) own.set(end, [...(own.get(end) ?? []), session]);
  return own;
}

/** A node all of whose sessions are down is not like one that lost a peer. */
function healthOf(sessions: readonly Session[]): string {
  const established = sessions.filter((session) => session.established).length;
  if (sessions.length === 0) return "no BGP";
  return established === sessions.length
    ? "all established"
    : established === 0
      ? "none established"
      : "some established";
}

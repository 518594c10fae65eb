import { plural } from "../plural.ts";
import type { Machine, TopologyGraph, TopologyInterface } from "./graph.ts";
import type { MachineGroup } from "./group-machines.ts";
import { legRows } from "./leg-rows.ts";
import type { PictureBox, Row } from "./picture.ts";

/** Pods of a node that are drawn one by one. */
const PODS_IN_FULL = 6;
/** Pictures with more boxes than these show pods as a count. */
const BOXES_WITH_PODS = 8;
const ADDRESSES_TOLD = 2;
const INTERFACES_TOLD = 6;

interface Drawing {
  readonly onPath: ReadonlySet<string>;
  /** Machines on the path, and those it was meant for: they are always drawn. */
  readonly named: ReadonlySet<string>;
  readonly expand: boolean;
  /** How many boxes the picture has at its top level. */
  readonly boxes: number;
}

/** The box of machines that share one. */
export function boxOfGroup({ id, machines }: MachineGroup, graph: TopologyGraph, drawing: Drawing): PictureBox {
  const [machine] = machines;
  const own = new Set(machines.map(({ name }) => name));
  const pods = graph.machines.filter(({ node }) => node !== null && own.has(node));
  if (machine !== undefined && machines.length === 1) return boxOfMachine(machine, pods, graph, drawing);
  const devices = groupedInterfaces(machines);
  return {
    id,
    kind: "group",
    title: plural(machines.length, wordFor(machines[0]?.kind ?? "host")),
    rows: [
      { text: namesOf(machines), tone: "faint" },
      ...devices,
      ...bgpRows(graph, own),
      ...(pods.length === 0 ? [] : [{ text: plural(pods.length, "pod"), tone: "plain" } as const]),
    ],
    inside: [],
    onPath: false,
  };
}

function wordFor(kind: Machine["kind"]): string {
  return kind === "host" ? "other machine" : kind;
}

function namesOf(machines: readonly Machine[]): string {
  const names = machines.map(({ name }) => name);
  return names.length <= 2 ? names.join(", ") : `${names[0]} … ${names.at(-1)}`;
}

function boxOfMachine(machine: Machine, pods: readonly Machine[], graph: TopologyGraph, drawing: Drawing): PictureBox {
  const { name, kind } = machine;
  const { onPath, named, expand } = drawing;
  const isFull = expand || (pods.length <= PODS_IN_FULL && drawing.boxes <= BOXES_WITH_PODS);
  const shown = pods.filter((pod) => isFull || named.has(pod.name));
  const hidden = pods.length - shown.length;
  return {
    id: name,
    kind,
    title: name,
    rows: [
      ...interfaceRows(machine, expand),
      ...(kind === "node" ? bgpRows(graph, new Set([name])) : []),
      ...(hidden === 0
        ? []
        : [
            {
              text: `${shown.length > 0 ? "and " : ""}${plural(hidden, shown.length > 0 ? "other pod" : "pod")}`,
              tone: "faint",
            } as const,
          ]),
      ...legRows(graph.path, (host) => host === name),
    ],
    inside: shown.map((pod) => boxOfMachine(pod, [], { ...graph, sessions: [] }, { ...drawing, expand: false })),
    onPath: onPath.has(name),
  };
}

function isTold({ kind, addresses }: TopologyInterface): boolean {
  return kind !== "loopback" || addresses.length > 0;
}

/** Interfaces with addresses, and how many others there are: those of pods, bridge ports and the like. */
function interfaceRows({ interfaces }: Machine, expand: boolean): readonly Row[] {
  const known = interfaces.filter(isTold);
  const addressed = known.filter(({ addresses }) => addresses.length > 0);
  const shown = expand ? addressed : addressed.slice(0, INTERFACES_TOLD);
  const others = known.length - shown.length;
  if (known.length === 0) return [{ text: "no interface is known", tone: "faint" }];
  return [
    ...shown.map((device): Row => ({ text: interfaceText(device), tone: device.up ? "plain" : "bad" })),
    ...(others === 0 ? [] : [{ text: `and ${plural(others, "other interface")}`, tone: "faint" } as const]),
  ];
}

function interfaceText({ name, addresses, up }: TopologyInterface): string {
  const told = addresses.slice(0, ADDRESSES_TOLD);
  const more = addresses.length - told.length;
  return `${name}  ${told.join(" ")}${more > 0 ? ` +${more}` : ""}${up ? "" : "  down"}`;
}

/** Interfaces that all of them have, with the first and the last address. */
function groupedInterfaces(machines: readonly Machine[]): readonly Row[] {
  const [first, last] = [machines[0], machines.at(-1)];
  if (first === undefined || last === undefined) return [];
  return first.interfaces.flatMap(({ name, addresses }): readonly Row[] => {
    const [from] = addresses;
    const to = last.interfaces.find((device) => device.name === name)?.addresses[0];
    if (from === undefined || to === undefined) return [];
    const everywhere = machines.every(({ interfaces }) => interfaces.some((device) => device.name === name));
    return everywhere ? [{ text: `${name}  ${from} … ${to}`, tone: "plain" }] : [];
  });
}

/** How many BGP sessions of these machines are established; their peers' names stand at the sessions. */
function bgpRows({ sessions }: TopologyGraph, hosts: ReadonlySet<string>): readonly Row[] {
  const own = sessions.filter(({ ends }) => ends.some((end) => hosts.has(end)));
  if (own.length === 0) return [];
  const established = own.filter((session) => session.established).length;
  return [
    {
      text: `BGP ${established} of ${own.length} established`,
      tone: established === own.length ? "good" : "bad",
    },
  ];
}

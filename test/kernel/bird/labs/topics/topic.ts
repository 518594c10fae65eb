import type { Lab, LabEvent } from "../lab.ts";
import { TIMERS } from "../make-lab.ts";

/** A node that runs BIRD. */
export interface TopicNode {
  readonly name: string;
  readonly as: number;
  /** Its first address is also its identifier, unless `id` is set. */
  readonly addresses: readonly { readonly segment: string; readonly address: string }[];
  readonly id?: string;
  /** What `ip route add` is given. */
  readonly routes?: readonly string[];
  /** `PREFIX TARGET` of the static protocol. */
  readonly statics: readonly string[];
  /** Filters and functions, `listen bgp`. */
  readonly head?: string;
  /** Of the kernel protocol, beside those that Calico has. */
  readonly kernel?: string;
}

/** One end of a session. */
export interface TopicSession {
  readonly own: TopicNode;
  readonly other: TopicNode;
  /** Where the neighbour is. */
  readonly segment: string;
  /** Where the own end is, if elsewhere. */
  readonly at?: string;
  readonly import: string;
  readonly export: string;
  /** Settings, with `;`. */
  readonly options: readonly string[];
  /** `port N`, or nothing. */
  readonly port?: string;
}

export function addressOn(node: TopicNode, segment: string): string {
  return node.addresses.find((item) => item.segment === segment)?.address ?? "";
}

export function sessionName({ other, segment }: TopicSession): string {
  return `Mesh_${addressOn(other, segment).replaceAll(".", "_")}`;
}

function configuration(node: TopicNode, sessions: readonly TopicSession[]): string {
  const peers = sessions.map((item) => {
    const lines = [
      `local as ${node.as};`,
      `neighbor ${addressOn(item.other, item.segment)} ${item.port ?? ""} as ${item.other.as};`,
      `source address ${addressOn(node, item.at ?? item.segment)};`,
      TIMERS,
      `import ${item.import};`,
      `export ${item.export};`,
      ...item.options,
    ];
    return `protocol bgp ${sessionName(item)} {\n  ${lines.join("\n  ")}\n}\n`;
  });
  return [
    `router id ${node.id ?? node.addresses[0]?.address};`,
    node.head ?? "",
    `protocol static { ${node.statics.map((route) => `route ${route};`).join(" ")} }`,
    `protocol kernel { learn; persist; scan time 2; import all; export all; graceful restart; ${node.kernel ?? ""} }`,
    "protocol device { scan time 2; }",
    'protocol direct { interface "*"; }',
    ...peers,
  ].join("\n");
}

export function startOf(node: TopicNode, sessions: readonly TopicSession[]): LabEvent & { readonly kind: "start" } {
  const own = sessions.filter((item) => item.own === node);
  return { kind: "start", node: node.name, config: configuration(node, own), flags: [] };
}

export interface TopicStage {
  readonly events: readonly LabEvent[];
  readonly seconds: number;
  /** For how long at its end the daemons are asked; 4 s where nothing is said. */
  readonly sampled?: number;
}

export interface Topic {
  readonly name: string;
  readonly nodes: readonly TopicNode[];
  readonly sessions: readonly TopicSession[];
  /** What happens after all daemons have started. */
  readonly later?: readonly TopicStage[];
  readonly seconds?: number;
  /** More that the daemons are asked than all of them are. */
  readonly asked?: readonly string[];
}

/** A lab of a topic: all daemons are asked for all that birdc tells of sessions and routes. */
export function topicLab({ name, nodes, sessions, later, seconds, asked }: Topic): Lab {
  const [first] = nodes;
  return {
    name,
    family: 4,
    program: "bird",
    segments: [...new Set(nodes.flatMap(({ addresses }) => addresses.map(({ segment }) => segment)))],
    nodes: nodes.map((node) => ({
      name: node.name,
      forwards: true,
      interfaces: node.addresses.map(({ segment, address }, index) => ({
        name: `eth${index}`,
        segment,
        address: `${address}/24`,
      })),
      routes: node.routes ?? [],
    })),
    stages: [
      { events: nodes.map((node) => startOf(node, sessions)), seconds: seconds ?? 14, sampled: 4 },
      ...(later ?? []).map((stage) => ({ sampled: 4, ...stage })),
    ],
    asked: [
      "show route all",
      "show protocols all",
      "show status",
      `show route for ${first?.addresses[0]?.address ?? "10.0.0.1"} all`,
      ...(asked ?? []),
    ],
  };
}

import type { Lab, LabEvent, LabNode } from "./lab.ts";
import { inSix } from "./six.ts";

/** Draws from a seed (mulberry32). */
export interface Draw {
  below(limit: number): number;
  one<T>(list: readonly T[]): T;
  chance(probability: number): boolean;
}

export function draw(seed: number): Draw {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    one(list) {
      const found = list[below(list.length)];
      if (found === undefined) throw new Error("nothing to draw from");
      return found;
    },
    chance: (probability) => next() < probability,
  };
}

interface Speaker {
  readonly name: string;
  readonly address: string;
  readonly as: number;
  readonly reflector: boolean;
}

interface Session {
  readonly own: Speaker;
  readonly other: Speaker;
  passive: boolean;
  multihop: boolean;
  client: boolean;
  /** The AS that the neighbour is taken to have. */
  as: number;
  password: string | null;
  options: string[];
  importFilter: string;
  exportFilter: string;
}

/** Timers in small, so that all that can happen happens within seconds. */
export const TIMERS =
  "hold time 9; connect delay time 1; connect retry time 2; error wait time 1,2; error forget time 30;";

function peerName({ address }: Speaker): string {
  return `Mesh_${address.replaceAll(".", "_")}`;
}

/** The configuration of one node, in the form that confd writes. */
function configuration(own: Speaker, sessions: readonly Session[], statics: readonly string[], extra: string): string {
  const blocks = statics.map((route) => `   route ${route};`).join("\n");
  const own_block = statics[0]?.split(" ")[0] ?? "10.255.0.0/24";
  const peers = sessions
    .map(
      (item) => `protocol bgp ${peerName(item.other)} from bgp_template {
  neighbor ${item.other.address} as ${item.as};
  source address ${own.address};
  import ${item.importFilter};
  export ${item.exportFilter};
${item.multihop ? "  multihop;\n" : ""}${item.passive ? "  passive on;\n" : ""}${item.client ? `  rr client; rr cluster id ${own.address};\n` : ""}${item.password === null ? "" : `  password "${item.password}";\n`}${item.options.map((option) => `  ${option}\n`).join("")}}`,
    )
    .join("\n");
  return `router id ${own.address};
function calico_aggr ()
{
   if ( net = ${own_block} ) then { accept; }
   if ( net ~ ${own_block} ) then { reject; }
}
function calico_export_to_bgp_peers(bool internal_peer) {
  if (internal_peer) then { if (defined(ifname)) then { if (ifname ~ "*.cali") then { reject; } } }
  calico_aggr();
  if ( net ~ 192.168.0.0/16 ) then { accept; }
}
filter calico_kernel_programming {
  if ( net ~ 192.168.99.0/24 ) then { reject; }
  accept;
}
protocol static {
${blocks}
}
protocol kernel { learn; persist; scan time 2; import all; export filter calico_kernel_programming; graceful restart; merge paths on; }
protocol device { scan time 2; }
protocol direct { interface -"cali*", -"kube-ipvs*", "*"; }
template bgp bgp_template {
  local as ${own.as};
  add paths on;
  ${TIMERS}
${extra}}
${peers}
`;
}

/** What confd's template has, mostly, with a time that is over within a lab. */
const RESTARTS = [
  "graceful restart;",
  "graceful restart; graceful restart time 10;",
  "graceful restart; graceful restart time 10;",
  "graceful restart aware;",
  "graceful restart off;",
];

const CALICO_EXPORT = "filter { calico_export_to_bgp_peers(true); reject; }";

const IMPORTS = [
  "all",
  "all",
  "filter { bgp_local_pref = 200; accept; }",
  "filter { if net ~ 192.168.2.0/24 then reject; accept; }",
  "filter { bgp_community.add((64512, 7)); preference = 120; accept; }",
  "where net ~ [ 192.168.0.0/16{24,28} ]",
];
const EXPORTS = [
  CALICO_EXPORT,
  CALICO_EXPORT,
  "filter { bgp_med = 50; calico_export_to_bgp_peers(false); reject; }",
  "filter { bgp_path.prepend(64999); calico_export_to_bgp_peers(false); reject; }",
  "filter { bgp_community.add((64512, 100)); bgp_large_community.add((64512, 1, 2)); accept; }",
  "all",
];

/** A lab of a seed: topology, filters, and faults from the start or in the middle. Each fifth is one of IPv6. */
export function makeLab(seed: number): Lab {
  const lab = makeFour(seed);
  return seed % 5 === 4 ? inSix(lab) : lab;
}

function makeFour(seed: number): Lab {
  const random = draw(seed);
  const kind = random.one(["mesh", "mesh", "both-dial", "reflector", "two-as", "line"] as const);
  const count = 2 + random.below(3);
  const routed = kind !== "two-as" && kind !== "line" && random.chance(0.25);
  const speakers: Speaker[] = [];
  const lasts = [9, 10, 11, 12];
  for (let index = 0; index < count; index++) {
    const subnet = routed && index % 2 === 1 ? 1 : 0;
    speakers.push({
      name: `n${index}`,
      address: `10.0.${subnet}.${lasts[index] ?? 20 + index}`,
      as: kind === "two-as" ? (index < count / 2 ? 64512 : 64513) : kind === "line" ? 64512 + index : 64512,
      reflector: kind === "reflector" && index === 0,
    });
  }
  const sessions: Session[] = [];
  for (const own of speakers) {
    for (const other of speakers) {
      if (own === other) continue;
      if (kind === "reflector" && !own.reflector && !other.reflector) continue;
      if (kind === "line" && Math.abs(speakers.indexOf(own) - speakers.indexOf(other)) !== 1) continue;
      sessions.push({
        own,
        other,
        passive: kind === "mesh" && other.address > own.address,
        multihop: own.as !== other.as && random.chance(0.3),
        client: own.reflector,
        as: other.as,
        password: null,
        options: [],
        importFilter: random.one(IMPORTS),
        // Nodes that tell each other their own subnets and default routes lose the way to each other for good.
        exportFilter: random.one(routed ? EXPORTS.filter((text) => !/\ball\b|2\)\); accept/.test(text)) : EXPORTS),
      });
    }
  }
  // Both ends of a session of two AS go over one hop, or both over several.
  for (const item of sessions) {
    const back = sessions.find(({ own, other }) => own === item.other && other === item.own);
    if (back !== undefined) item.multihop = back.multihop;
    if (item.own.as !== item.other.as && random.chance(0.2)) item.options.push("next hop self;");
  }
  const before: LabEvent[] = [];
  const after: LabEvent[] = [];
  const gone = random.chance(0.3) ? random.one(speakers) : null;
  const silent = new Set<string>();
  const faults = random.below(3);
  for (let index = 0; index < faults; index++) {
    fault(random, speakers, sessions, before, after, silent, kind !== "mesh");
  }
  const nodes: LabNode[] = speakers.map(({ name, address }, index) => ({
    name,
    forwards: true,
    interfaces: [{ name: "eth0", segment: address.startsWith("10.0.1.") ? "lan1" : "lan0", address: `${address}/24` }],
    routes: [
      ...(routed ? [`default via 10.0.${address.split(".")[2]}.1`] : []),
      ...(index === 0 && random.chance(0.5) ? ["192.168.1.7/32 dev eth0"] : []),
      ...(random.chance(0.2) ? [`192.168.77.0/24 via ${address.split(".").slice(0, 3).join(".")}.250`] : []),
    ],
  }));
  if (routed) {
    nodes.push({
      name: "gw",
      forwards: true,
      interfaces: [
        { name: "eth0", segment: "lan0", address: "10.0.0.1/24" },
        { name: "eth1", segment: "lan1", address: "10.0.1.1/24" },
      ],
      routes: [],
    });
  }
  const shared = random.chance(0.4);
  const restart = random.one(RESTARTS);
  const extra = `  ${restart}\n${random.chance(0.2) ? "  med metric on;\n" : ""}`;
  const start = speakers
    .filter(({ name }) => !silent.has(name))
    .map((own, index): LabEvent & { readonly kind: "start" } => {
      const statics = [`192.168.${index + 1}.0/26 blackhole`];
      if (shared) statics.push("192.168.50.0/24 blackhole");
      if (random.chance(0.3)) statics.push(`192.168.${index + 60}.0/24 unreachable`);
      if (random.chance(0.2)) statics.push(`192.168.99.0/24 blackhole`);
      return {
        kind: "start",
        node: own.name,
        config: configuration(
          own,
          sessions.filter((item) => item.own === own),
          statics,
          extra,
        ),
        flags: [],
      };
    });
  const again = start.find(({ node }) => node === gone?.name);
  const comeback = again === undefined ? null : comebackOf(random, again, nodes);
  // Who comes back soon does so before any timer of the others runs out, on a busy machine too.
  const patient = (event: LabEvent): LabEvent =>
    event.kind === "start" && comeback?.[0]?.seconds === SOON
      ? { ...event, config: event.config.replace("hold time 9;", "hold time 30;").replace("time 10;", "time 30;") }
      : event;
  return {
    name: `seed ${seed}: ${kind} of ${count}${routed ? " in two subnets" : ""}`,
    family: 4,
    program: "bird",
    segments: ["lan0", "lan1"],
    nodes,
    stages: [
      { events: [...before, ...start].map(patient), seconds: 14, sampled: 6 },
      ...(after.length > 0 && comeback === null ? [{ events: inOrder(after), seconds: 26, sampled: 6 }] : []),
      ...(comeback ?? []).map((stage) => ({ ...stage, events: stage.events.map(patient) })),
    ],
    asked: ["show route all"],
  };
}

/** The emulation takes a host as it was dumped after all commands: they come first. */
function inOrder(events: readonly LabEvent[]): readonly LabEvent[] {
  const isCommand = ({ kind }: LabEvent): boolean => kind === "run";
  return [...events.filter(isCommand), ...events.filter((event) => !isCommand(event))];
}

const SOON = 2;

/** A daemon ends, or its whole node, and comes back: soon, or when the others have long noticed. */
function comebackOf(
  random: Draw,
  start: LabEvent & { readonly kind: "start" },
  nodes: readonly LabNode[],
): Lab["stages"] {
  const { node } = start;
  const seconds = random.one([SOON, 14]);
  const run = (...words: string[]): LabEvent => ({ kind: "run", node, words });
  const back = { ...start, flags: random.chance(0.7) ? ["-R"] : [] };
  if (random.chance(0.6)) {
    const signal = random.one(["SIGKILL", "SIGKILL", "SIGTERM"] as const);
    return [
      { events: [{ kind: "signal", node, signal }], seconds, sampled: 2 },
      { events: [back], seconds: 22, sampled: 6 },
    ];
  }
  const routes = nodes.find(({ name }) => name === node)?.routes ?? [];
  return [
    {
      events: [
        { kind: "freeze", node },
        run("ip", "link", "set", "eth0", "down"),
        { kind: "signal", node, signal: "SIGKILL" },
        run("ip", "route", "flush", "proto", "bird"),
      ],
      seconds,
      sampled: 2,
    },
    {
      events: [
        run("ip", "link", "set", "eth0", "up"),
        ...routes.map((route) => run("ip", "route", "add", ...route.split(" "))),
        back,
      ],
      seconds: 22,
      sampled: 6,
    },
  ];
}

const REJECTS = [
  ["-j", "DROP"],
  ["-j", "DROP"],
  ["-j", "REJECT", "--reject-with", "tcp-reset"],
  ["-j", "REJECT"],
  ["-j", "REJECT", "--reject-with", "icmp-host-prohibited"],
  ["-j", "REJECT", "--reject-with", "icmp-net-unreachable"],
];

function fault(
  random: Draw,
  speakers: readonly Speaker[],
  sessions: readonly Session[],
  before: LabEvent[],
  after: LabEvent[],
  silent: Set<string>,
  bothDial: boolean,
): void {
  const { name: node } = random.one(speakers);
  const session = random.one(sessions);
  const late = random.chance(0.5);
  const events = late ? after : before;
  const kind = random.one([
    "rule",
    "rule",
    "rule",
    "rule",
    "as",
    "password",
    "port",
    "signal",
    "link",
    "silent",
    "disable",
  ] as const);
  switch (kind) {
    case "rule": {
      const chain = random.one(["INPUT", "INPUT", "INPUT", "OUTPUT"]);
      const match = random.one([
        ["--dport", "179"],
        ["--dport", "179"],
        ["--sport", "179"],
      ]);
      const target = chain === "OUTPUT" ? ["-j", "DROP"] : random.one(REJECTS);
      const from = random.chance(0.3) ? [chain === "OUTPUT" ? "-d" : "-s", session.other.address] : [];
      // Where both ends dial, chance decides which of them has port 179.
      const ways = late && bothDial ? ["--dport", "--sport"].map((port) => [port, "179"]) : [match];
      for (const way of ways) {
        events.push({
          kind: "run",
          node,
          words: ["iptables-nft", "-I", chain, "-p", "tcp", ...way, ...from, ...target],
        });
      }
      return;
    }
    case "as":
      session.as = 65000;
      return;
    case "password":
      session.password = "secret";
      if (random.chance(0.6)) {
        const back = sessions.find(({ own, other }) => own === session.other && other === session.own);
        if (back !== undefined) back.password = random.one(["secret", "another"]);
      }
      return;
    case "port":
      before.push({ kind: "take-port", node });
      return;
    case "signal":
      after.push({ kind: "signal", node, signal: random.one(["SIGKILL", "SIGTERM"]) });
      return;
    case "link":
      events.push({ kind: "run", node, words: ["ip", "link", "set", "eth0", "down"] });
      return;
    case "silent":
      silent.add(node);
      return;
    case "disable":
      after.push({ kind: "birdc", node: session.own.name, command: `disable ${peerName(session.other)}` });
      return;
  }
}

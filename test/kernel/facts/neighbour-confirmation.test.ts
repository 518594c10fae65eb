import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { originate } from "../../../src/emulator/originate.ts";
import { createWorld, runtimeOf, settle, type World } from "../../../src/emulator/world.ts";
import { findNeighbour } from "../../../src/linux/neighbour-table.ts";
import { type Address, parseAddress } from "../../../src/net/address.ts";
import { packet } from "../../../src/net/packet.ts";
import { TCP, UDP } from "../../../src/net/protocol.ts";
import { ACK, PSH, SYN } from "../../../src/net/tcp-flags.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const DELAY = 1;
const BETWEEN = 0.5;
/** Seconds after which an entry that was asked about in vain has failed, however late its timers fire. */
const END = 4;

/** A talks to B by the router R. Neither R nor B answers questions for its MAC address. */
interface Story {
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  /** State of A's entry for R, and of R's entry for B. */
  readonly known: string;
  /** Seconds between two messages of A; null: it opens a connection and says nothing. */
  readonly every: number | null;
  readonly times?: Readonly<Record<string, string>>;
  /** What podpath says of both entries at the end: given up, or in doubt. */
  readonly podpath: "given up" | "in doubt";
  /** What the kernel does; null: now this, now that. */
  readonly kernel: "given up" | "kept" | null;
}

const STORIES: readonly Story[] = [
  {
    name: "a connection that gets on keeps a stale entry, also the router's on the same machine",
    protocol: "tcp",
    known: "STALE",
    every: 0.3,
    podpath: "in doubt",
    kernel: "kept",
  },
  {
    name: "a connection that gets on keeps a reachable entry, however short its time",
    protocol: "tcp",
    known: "REACHABLE",
    every: 0.1,
    times: { base_reachable_time_ms: "400" },
    podpath: "in doubt",
    kernel: "kept",
  },
  {
    name: "a connection that opens and says no more confirms too early, but for a timer that fires to the tick",
    protocol: "tcp",
    known: "STALE",
    every: null,
    podpath: "in doubt",
    kernel: null,
  },
  {
    name: "what is in PROBE is not confirmed",
    protocol: "tcp",
    known: "PROBE",
    every: 0.3,
    podpath: "given up",
    kernel: "given up",
  },
  {
    name: "datagrams confirm nothing",
    protocol: "udp",
    known: "STALE",
    every: 0.3,
    podpath: "given up",
    kernel: "given up",
  },
];

interface Case {
  readonly story: Story;
  readonly family: 4 | 6;
  readonly index: number;
}

const CASES: readonly Case[] = ([4, 6] as const)
  .flatMap((family) => STORIES.map((story) => ({ story, family })))
  .map((one, index) => ({ ...one, index }));

/** Address of a host on the link of A (1) or of B (2). */
function addressOf({ family, index }: Case, link: 1 | 2, host: number): string {
  return family === 4 ? `10.${60 + link}.${index}.${host}` : `fd0${link}:${index}::${host}`;
}

const macOf = ({ index }: Case, end: number): string => `02:00:00:0c:${index.toString(16).padStart(2, "0")}:0${end}`;

const SILENT = "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p icmpv6 -m icmp6 --icmpv6-type 135 -j DROP\nCOMMIT\n";

function lab(): Lab {
  const hosts: Lab["hosts"][number][] = [];
  const links: [string, string][] = [];
  for (const one of CASES) {
    const { story, family, index } = one;
    const length = family === 4 ? 24 : 64;
    const six = family === 6 ? "-6 " : "";
    const silent = [{ backend: "legacy" as const, family: 6 as const, text: SILENT }];
    const linkLocal = (id: number): string[] => (family === 6 ? [`fe80::${id}/64`] : []);
    const settings = (device: string): Record<string, string> => ({
      ...Object.fromEntries(
        Object.entries({
          delay_first_probe_time: String(DELAY),
          retrans_time_ms: String(BETWEEN * 1000),
          ...story.times,
        }).map(([name, value]) => [`net.ipv${family}.neigh.${device}.${name}`, value]),
      ),
    });
    hosts.push(
      {
        name: `A${index}`,
        interfaces: [
          { name: "a0", mac: macOf(one, 1), addresses: [`${addressOf(one, 1, 1)}/${length}`, ...linkLocal(1)] },
        ],
        routes: [`${six}default via ${addressOf(one, 1, 9)}`],
        neighbours: [`${addressOf(one, 1, 9)} a0 ${macOf(one, 2)} ${story.known}`],
        sysctls: settings("a0"),
      },
      {
        name: `R${index}`,
        interfaces: [
          { name: "r1", mac: macOf(one, 2), addresses: [`${addressOf(one, 1, 9)}/${length}`, ...linkLocal(2)] },
          { name: "r2", mac: macOf(one, 3), addresses: [`${addressOf(one, 2, 9)}/${length}`, ...linkLocal(3)] },
        ],
        neighbours: [
          `${addressOf(one, 1, 1)} r1 ${macOf(one, 1)}`,
          `${addressOf(one, 2, 2)} r2 ${macOf(one, 4)} ${story.known}`,
        ],
        sysctls: {
          ...settings("r2"),
          "net.ipv4.ip_forward": "1",
          "net.ipv6.conf.all.forwarding": "1",
          "net.ipv4.conf.r1.arp_ignore": "8",
        },
        rulesets: silent,
      },
      {
        name: `B${index}`,
        interfaces: [
          { name: "b0", mac: macOf(one, 4), addresses: [`${addressOf(one, 2, 2)}/${length}`, ...linkLocal(4)] },
        ],
        routes: [`${six}default via ${addressOf(one, 2, 9)}`],
        neighbours: [`${addressOf(one, 2, 9)} b0 ${macOf(one, 3)}`],
        sysctls: { "net.ipv4.conf.b0.arp_ignore": "8" },
        rulesets: silent,
      },
    );
    links.push([`A${index}:a0`, `R${index}:r1`], [`R${index}:r2`, `B${index}:b0`]);
  }
  return { hosts, links };
}

const SERVER = `
import socket, sys
s = socket.create_server((sys.argv[1], 7), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
c, _ = s.accept()
while d := c.recv(100): c.send(d)
`;

const CLIENT = `
import socket, sys, time
to, protocol, every = sys.argv[1:]
if protocol == "tcp":
    c = socket.create_connection((to, 7))
else:
    c = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM)
    c.connect((to, 9))
end = time.time() + ${END + 5}
while time.time() < end:
    if every == "-":
        time.sleep(1)
        continue
    try:
        c.send(b"x")
        if protocol == "tcp": c.recv(100)
    except OSError: pass
    time.sleep(float(every))
`;

/** What became of the two entries of each case, A's and R's. */
async function toldByKernel(oracle: Oracle): Promise<readonly (readonly string[])[]> {
  await oracle.build(toBuildRequest(networkOf(lab()), {}));
  const run = (host: string, text: string, args: readonly string[]): Promise<unknown> =>
    oracle.exec(host, ["sh", "-c", 'nohup python3 -c "$0" "$@" >/dev/null 2>&1 &', text, ...args]);
  for (const one of CASES) if (one.story.protocol === "tcp") await run(`B${one.index}`, SERVER, [addressOf(one, 2, 2)]);
  await wait(500);
  const setEntries = async (one: Case, state: string): Promise<void> => {
    const entry = (address: string, mac: string, device: string): string =>
      `ip neigh replace ${address} lladdr ${mac} dev ${device} nud ${state.toLowerCase()}`;
    await oracle.commands(`A${one.index}`, [entry(addressOf(one, 1, 9), macOf(one, 2), "a0")]);
    await oracle.commands(`R${one.index}`, [entry(addressOf(one, 2, 2), macOf(one, 4), "r2")]);
  };
  const speak = (one: Case): Promise<unknown> =>
    run(`A${one.index}`, CLIENT, [addressOf(one, 2, 2), one.story.protocol, String(one.story.every ?? "-")]);
  for (const one of CASES) await setEntries(one, "PERMANENT");
  // Who says one thing after the other does so already when the entries come to their states: programs take long to start.
  for (const one of CASES) if (one.story.every !== null) await speak(one);
  await wait(1500);
  for (const one of CASES) await setEntries(one, one.story.known);
  for (const one of CASES) if (one.story.every === null) await speak(one);
  await wait(END * 1000);
  const told: string[][] = [];
  for (const one of CASES) {
    const states: string[] = [];
    for (const [host, address] of [
      [`A${one.index}`, addressOf(one, 1, 9)],
      [`R${one.index}`, addressOf(one, 2, 2)],
    ] as const) {
      const { stdout } = await oracle.exec(host, ["ip", "neigh", "show", address]);
      states.push(/FAILED|INCOMPLETE/.test(stdout) || stdout.trim() === "" ? "given up" : "kept");
    }
    told.push(states);
  }
  return told;
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

function address(text: string): Address {
  const read = parseAddress(text);
  if (read === null) throw new Error(`no address: ${text}`);
  return read;
}

/** The same of podpath: what it asked about is in doubt. */
function toldByPodpath(one: Case): readonly string[] {
  const { story, index } = one;
  const asked = new Set<string>();
  const world: World = createWorld(networkOf(lab()), {
    choose: (choice) => {
      if (choice.kind === "unknown" && choice.code === "neighbour-age") asked.add(choice.variable);
      return 0;
    },
    answers: false,
  });
  const say = (host: string, at: number, flags: number): void => {
    const runtime = runtimeOf(world, host);
    if (runtime === null) throw new Error(`no ${host}`);
    settle(world, at);
    world.now = at;
    const { protocol } = story;
    const content = packet({
      src: address(addressOf(one, 1, 1)),
      dst: address(addressOf(one, 2, 2)),
      protocol: protocol === "tcp" ? TCP : UDP,
      sport: 40_000,
      dport: protocol === "tcp" ? 7 : 9,
      ...(protocol === "tcp" ? { flags } : {}),
      payloadLength: flags === (PSH | ACK) ? 1 : 0,
    });
    originate(world, runtime, content, { kind: "request", cause: null });
    settle(world, at);
  };
  if (story.protocol === "tcp") {
    say(`A${index}`, 0, SYN);
    say(`A${index}`, 0, ACK);
  }
  for (let at = 0; story.every !== null && at < END; at += story.every) say(`A${index}`, at, PSH | ACK);
  // Only a packet that goes by an entry finds out what became of it.
  for (const host of [`A${index}`, `R${index}`]) say(host, END, SYN);
  return [
    [`A${index}`, "a0", addressOf(one, 1, 9)],
    [`R${index}`, "r2", addressOf(one, 2, 2)],
  ].map(([host = "", device = "", of = ""]) => {
    if (
      [...asked].some((variable) => variable.startsWith(`${of} on ${host} ${device} `) && variable.endsWith(` ${END}`))
    )
      return "in doubt";
    const table = runtimeOf(world, host)?.neighbours;
    const found = table === undefined ? null : findNeighbour(table, device, address(of));
    return found?.state === "failed" || found === null ? "given up" : "kept";
  });
}

function isAsTold({ story, index }: Case, kernel: readonly (readonly string[])[]): boolean {
  return kernel[index]?.every((became) => story.kernel === null || became === story.kernel) ?? false;
}

/** On a busy machine a program may be silent for longer than an entry waits. */
const ROUNDS = 3;

describe.skipIf(!available)("neighbours that a connection confirms", () => {
  let oracle: Oracle;
  let kernel: readonly (readonly string[])[] = [];
  beforeAll(async () => {
    oracle = new Oracle();
    for (let round = 0; round < ROUNDS && !CASES.every((one) => isAsTold(one, kernel)); round++) {
      kernel = await toldByKernel(oracle);
    }
  });
  afterAll(() => oracle.close());

  it.each(CASES.map((one) => [one.story.name, one.family, one] as const))("%s (IPv%i)", (_, __, one) => {
    const { story } = one;
    if (story.kernel !== null) expect(kernel[one.index]).toEqual([story.kernel, story.kernel]);
    expect(toldByPodpath(one)).toEqual([story.podpath, story.podpath]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { originate } from "../../../src/emulator/originate.ts";
import { createWorld, runtimeOf, settle } from "../../../src/emulator/world.ts";
import { type Address, parseAddress } from "../../../src/net/address.ts";
import { packet } from "../../../src/net/packet.ts";
import { UDP } from "../../../src/net/protocol.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const MOST = 30;

/** Ports of datagrams; each list is sent at once, one a while after the other. */
interface Story {
  readonly name: string;
  /** Ports whose datagrams are dropped, so that their connections are never confirmed. */
  readonly dropped: string;
  readonly bursts: readonly (readonly number[])[];
  /** Whether podpath has to ask about ticks. */
  readonly asks: boolean;
}

function ports(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}

const STORIES: readonly Story[] = [
  {
    name: "what gets through counts once, however fast",
    dropped: "9",
    bursts: [ports(5000, 3), Array(12).fill(5001)],
    asks: false,
  },
  {
    name: "what is dropped at once counts each time",
    dropped: "5000:5999",
    bursts: [Array(12).fill(5001)],
    asks: true,
  },
  {
    name: "all that is gone is cleared away a while later",
    dropped: "5000:5999",
    bursts: [ports(5000, 20), [5100], [5100]],
    asks: true,
  },
  {
    name: "what is dropped counts against those before it",
    dropped: "5002",
    bursts: [[5001], [5002], [5001], [5001], [5003], [5001]],
    asks: false,
  },
  {
    name: "the same at once",
    dropped: "5002",
    bursts: [[5001], [5002, 5001, 5001, 5003, 5001]],
    asks: true,
  },
];

function lab(dropped: string): Lab {
  const limits = Array.from({ length: MOST }, (_, above) => `-A INPUT -p udp -m connlimit --connlimit-above ${above}`);
  const text = `*filter\n:INPUT ACCEPT [0:0]\n${limits.join("\n")}\n-A INPUT -p udp -m udp --sport ${dropped} -j DROP\nCOMMIT\n`;
  return {
    hosts: [
      { name: "A", interfaces: [{ name: "a0", addresses: ["10.4.0.1/24"] }] },
      {
        name: "B",
        interfaces: [{ name: "b0", addresses: ["10.4.0.2/24"] }],
        rulesets: [{ backend: "legacy", text }],
        listen: ["udp/9"],
      },
    ],
    links: [["A:a0", "B:b0"]],
    staticNeighbours: true,
  };
}

const SENDER = `
import json, socket, sys, time
bursts = json.loads(sys.argv[1])
sockets = {}
for port in sorted({port for burst in bursts for port in burst}):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.4.0.1", port))
    s.connect(("10.4.0.2", 9))
    sockets[port] = s
for burst in bursts:
    time.sleep(0.1)
    for port in burst: sockets[port].send(b"x")
`;

/** How often each limit was exceeded. */
async function onKernel(oracle: Oracle, { dropped, bursts }: Story): Promise<readonly number[]> {
  await oracle.build(toBuildRequest(networkOf(lab(dropped)), {}));
  await oracle.exec("A", ["python3", "-c", SENDER, JSON.stringify(bursts)]);
  const { stdout } = await oracle.exec("B", ["iptables-legacy", "-vxnL", "INPUT"]);
  return stdout
    .split("\n")
    .filter((line) => line.includes("#conn"))
    .map((line) => Number(line.trim().split(/\s+/)[0]));
}

function address(text: string): Address {
  const read = parseAddress(text);
  if (read === null) throw new Error(`no address: ${text}`);
  return read;
}

/** The same of podpath, whose packets of a burst have all of them come in one tick. */
function inWorld({ dropped, bursts }: Story): { readonly counts: readonly number[]; readonly asked: boolean } {
  let asked = false;
  const counts: number[] = Array(MOST).fill(0);
  const world = createWorld(networkOf(lab(dropped)), {
    answers: false,
    choose: ({ variable }) => {
      if (!variable.includes("connlimit")) return 0;
      asked = true;
      return 1;
    },
    counters: (host) => ({
      count: (_chain, rule) => {
        if (host === "B" && rule < MOST) counts[rule] = (counts[rule] ?? 0) + 1;
      },
      countPolicy: () => undefined,
    }),
  });
  const runtime = runtimeOf(world, "A");
  if (runtime === null) throw new Error("no A");
  for (const [at, burst] of bursts.entries()) {
    settle(world, at);
    world.now = at;
    for (const sport of burst) {
      const content = packet({
        src: address("10.4.0.1"),
        dst: address("10.4.0.2"),
        protocol: UDP,
        sport,
        dport: 9,
        payloadLength: 1,
      });
      originate(world, runtime, content, { kind: "request", cause: null });
      settle(world, at);
    }
  }
  return { counts, asked };
}

/** A burst seldom falls into two ticks. */
const ROUNDS = 5;

describe.skipIf(!available)("connlimit within one tick of the clock", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  it.each(STORIES.map((story) => [story.name, story] as const))("%s", async (_, story) => {
    const said = inWorld(story);
    expect(said.asked).toBe(story.asks);
    const seen: string[] = [];
    for (let round = 0; round < ROUNDS && !seen.includes(said.counts.join()); round++) {
      seen.push((await onKernel(oracle, story)).join());
    }
    expect(seen).toContain(said.counts.join());
  });
});

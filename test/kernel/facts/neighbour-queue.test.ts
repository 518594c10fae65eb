import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { originate } from "../../../src/emulator/originate.ts";
import { changeHost, createWorld, runtimeOf, settle } from "../../../src/emulator/world.ts";
import { packet } from "../../../src/net/packet.ts";
import { UDP } from "../../../src/net/protocol.ts";
import { explore } from "../../../src/trace/explorer.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { address, type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** So many datagrams of one size wait for one neighbour; `certain`: podpath knows how many of them go on when it answers. */
interface Crowd {
  readonly settings: Readonly<Record<string, string>>;
  readonly count: number;
  /** Bytes of payload. */
  readonly size: number;
  readonly certain: boolean;
}

const bytes = (room: number): Crowd["settings"] => ({ unres_qlen_bytes: String(room) });

const CROWDS: readonly Crowd[] = [
  { settings: bytes(0), count: 3, size: 1, certain: true },
  { settings: bytes(1), count: 3, size: 1400, certain: true },
  { settings: bytes(1535), count: 4, size: 1, certain: true },
  { settings: bytes(1664), count: 4, size: 1, certain: true },
  { settings: bytes(1600), count: 4, size: 1, certain: false },
  { settings: bytes(2496), count: 5, size: 60, certain: true },
  { settings: bytes(4096), count: 12, size: 250, certain: false },
  { settings: bytes(4608), count: 4, size: 1400, certain: true },
  { settings: bytes(20_000), count: 30, size: 1000, certain: false },
  { settings: bytes(65_536), count: 90, size: 60, certain: false },
  { settings: { unres_qlen: "0" }, count: 3, size: 60, certain: true },
  { settings: { unres_qlen: "1" }, count: 4, size: 60, certain: true },
  { settings: {}, count: 92, size: 1400, certain: true },
  { settings: {}, count: 120, size: 1400, certain: false },
  { settings: {}, count: 255, size: 1, certain: true },
  { settings: {}, count: 300, size: 1, certain: false },
];

const FIRST_PORT = 1000;
/** Nobody is asked another time before the neighbours answer; nor do more go on at once than B's devices take (`netdev_max_backlog`). */
const RETRANS = { 4: "2000", 6: "3000" } as const;
const FAMILIES = [4, 6] as const;

const places = FAMILIES.flatMap((family) => CROWDS.map((crowd, index) => ({ family, index, crowd })));

const ends = (family: 4 | 6, index: number): readonly [string, string] =>
  family === 4 ? [`10.9.${index}.1`, `10.9.${index}.2`] : [`fd00:${index}::1`, `fd00:${index}::2`];

const SILENCE = "-A INPUT -p icmpv6 -m icmp6 --icmpv6-type 135 -j DROP";

/** A and B on a link for each; B answers, or not. */
function lab(answers: boolean): Lab {
  const silence = answers ? "" : `${SILENCE}\n`;
  const counts = CROWDS.map(
    (_, index) => `-A PREROUTING -i eth${index} -p udp\n-A PREROUTING -i eth${index} -p udp --dport ${FIRST_PORT}\n`,
  );
  const raw = `*raw\n:PREROUTING ACCEPT [0:0]\n${counts.join("")}COMMIT\n`;
  const host = (name: string, last: number): Lab["hosts"][number] => ({
    name,
    interfaces: CROWDS.map((_, index) => ({
      name: `eth${index}`,
      addresses: [`10.9.${index}.${last}/24`, `fd00:${index}::${last}/64`, `fe80::${last}/64`],
    })),
  });
  return {
    hosts: [
      {
        ...host("A", 1),
        sysctls: Object.fromEntries(
          places.flatMap(({ family, index, crowd }) =>
            Object.entries({ ...crowd.settings, retrans_time_ms: RETRANS[family] }).map(([key, value]) => [
              `net.ipv${family}.neigh.eth${index}.${key}`,
              value,
            ]),
          ),
        ),
      },
      {
        ...host("B", 2),
        sysctls: { "net.ipv4.conf.all.arp_ignore": answers ? "0" : "8" },
        rulesets: [
          { family: 4, text: raw },
          { family: 6, text: `${raw}*filter\n:INPUT ACCEPT [0:0]\n${silence}COMMIT\n` },
        ],
      },
    ],
    links: CROWDS.map((_, index) => [`A:eth${index}`, `B:eth${index}`]),
  };
}

const SEND = `
import json, socket, sys
SO_SNDBUFFORCE = 32
for family, to, count, size in json.loads(sys.argv[1]):
    s = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 10000000)
    for n in range(count):
        s.sendto(b"x" * size, (to, ${FIRST_PORT} + n))
`;

/** How many got there, and whether the first did. */
interface Arrived {
  readonly count: number;
  readonly first: boolean;
}

async function arrivedOnKernel(oracle: Oracle): Promise<readonly Arrived[]> {
  await oracle.build(toBuildRequest(networkOf(lab(false)), {}));
  const told = places.map(({ family, index, crowd }) => [family, ends(family, index)[1], crowd.count, crowd.size]);
  const sent = await oracle.exec("A", ["python3", "-c", SEND, JSON.stringify(told)]);
  if (sent.code !== 0) throw new Error(sent.stderr);
  const saved = await oracle.exec("B", [
    "sh",
    "-c",
    `sysctl -qw net.ipv4.conf.all.arp_ignore=0; ip6tables-legacy -w -F INPUT; sleep 4; iptables-legacy-save -c -t raw; echo six; ip6tables-legacy-save -c -t raw`,
  ]);
  const [four = "", six = ""] = saved.stdout.split("six\n");
  return places.map(({ family, index }) => {
    const text = family === 4 ? four : six;
    const counted = (rest: string): number =>
      Number(new RegExp(`\\[(\\d+):\\d+\\] -A PREROUTING -i eth${index} -p udp${rest}\n`).exec(text)?.[1]);
    return { count: counted(""), first: counted(` -m udp --dport ${FIRST_PORT}`) > 0 };
  });
}

/** What podpath says may arrive, and the reasons it gives for what does not. */
function arrivals(place: (typeof places)[number]): {
  readonly may: readonly Arrived[];
  readonly reasons: readonly string[];
} {
  const { family, index, crowd } = place;
  const [from, to] = ends(family, index).map((text) => address(text));
  if (from === undefined || to === undefined) throw new Error("no addresses");
  const [silent, answering] = [networkOf(lab(false)), networkOf(lab(true))];
  const reasons = new Set<string>();
  const { leaves } = explore((choose): Arrived => {
    const world = createWorld(silent, { choose, answers: false });
    const runtime = runtimeOf(world, "A");
    const after = answering.hosts.get("B");
    if (runtime === null || after === undefined) throw new Error("no such host");
    const journeys = Array.from({ length: crowd.count }, (_, n) => {
      const content = packet({
        src: from,
        dst: to,
        protocol: UDP,
        sport: 4000,
        dport: FIRST_PORT + n,
        payloadLength: crowd.size,
      });
      return originate(world, runtime, content, { kind: "request", cause: null });
    });
    settle(world, 1);
    world.now = 1;
    changeHost(world, "B", after);
    settle(world);
    const arrived = journeys.map(({ end }) => end?.host === "B");
    for (const { end } of journeys) if (end?.host === "A") reasons.add(`${end.ending.outcome} ${end.ending.reason}`);
    return { count: arrived.filter(Boolean).length, first: arrived[0] === true };
  });
  const may = [...new Map(leaves.map(({ value }) => [JSON.stringify(value), value])).values()];
  return { may, reasons: [...reasons] };
}

/** __neigh_event_send() */
describe.skipIf(!available)("packets that wait for a neighbour", () => {
  const oracle = new Oracle();
  let kernel: readonly Arrived[] = [];
  beforeAll(async () => {
    kernel = await arrivedOnKernel(oracle);
  });
  afterAll(() => oracle.close());

  it.each(
    places.map(
      (place, at) =>
        [place.crowd.count, place.crowd.size, JSON.stringify(place.crowd.settings), place.family, at] as const,
    ),
  )("%i of %i bytes with %s in IPv%i: as many of the last ones go on", (_, __, ___, ____, at) => {
    const place = places[at];
    const found = kernel[at];
    if (place === undefined || found === undefined) throw new Error("no such crowd");
    const { may, reasons } = arrivals(place);
    const counts = may.map(({ count }) => count);
    expect(found.count).toBeGreaterThanOrEqual(Math.min(...counts));
    expect(found.count).toBeLessThanOrEqual(Math.max(...counts));
    expect(may.length === 1).toBe(place.crowd.certain);
    expect(found.first).toBe(found.count === place.crowd.count);
    for (const { first, count } of may) expect(first).toBe(count === place.crowd.count);
    expect(reasons.filter((reason) => reason !== "dropped NEIGH_QUEUEFULL")).toEqual([]);
  });
});

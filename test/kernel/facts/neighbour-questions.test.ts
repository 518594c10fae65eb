import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { originate } from "../../../src/emulator/originate.ts";
import { changeHost, createWorld, runtimeOf, settle, type World } from "../../../src/emulator/world.ts";
import { arpRequest, hearArp } from "../../../src/linux/arp.ts";
import { findNeighbour } from "../../../src/linux/neighbour-table.ts";
import type { Network } from "../../../src/model/network.ts";
import { type Address, parseAddress } from "../../../src/net/address.ts";
import { ECHO_REQUEST, V6_ECHO_REQUEST } from "../../../src/net/icmp.ts";
import { packet } from "../../../src/net/packet.ts";
import { ICMP, ICMPV6 } from "../../../src/net/protocol.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { withHost } from "../harness/podpath-network.ts";

const available = await kernelAvailable();

function address(text: string): Address {
  const read = parseAddress(text);
  if (read === null) throw new Error(`no address: ${text}`);
  return read;
}

/** The first question for a neighbour is in vain; from a time on they are answered. */
interface Wait {
  readonly name: string;
  readonly family: 4 | 6;
  readonly times: Readonly<Record<string, string>>;
  /** Seconds after the packet. */
  readonly answersFrom: number;
}

const WAITS: readonly Wait[] = ([4, 6] as const).flatMap((family) => [
  { name: "the second is answered, and what waited goes on", family, times: {}, answersFrom: 0.4 },
  { name: "the third is answered", family, times: { retrans_time_ms: "800" }, answersFrom: 1 },
  { name: "no other is asked", family, times: { mcast_solicit: "1" }, answersFrom: 0.4 },
  { name: "they follow faster", family, times: { retrans_time_ms: "700" }, answersFrom: 0.1 },
  { name: "all are in vain", family, times: { retrans_time_ms: "250" }, answersFrom: 1.4 },
]);

const ASKS = "-p icmpv6 -m icmp6 --icmpv6-type 135";

/** A asks for each of several hosts on a link of its own. They answer none of its questions from 10.77.0.1; of IPv6 it drops its own. */
function askingLab(answered: boolean): Lab {
  const rules = WAITS.flatMap(({ family }, index) =>
    family === 6 && !answered ? [`-A OUTPUT -o eth${index} ${ASKS} -j DROP`] : [],
  );
  return {
    hosts: [
      {
        name: "A",
        interfaces: [
          ...WAITS.map(({ family }, index) => ({
            name: `eth${index}`,
            addresses: family === 4 ? [`10.9.${index}.1/24`] : [`fd00:${index}::1/64`, "fe80::1/64"],
          })),
          { name: "lo", addresses: ["10.77.0.1/32"] },
        ],
        sysctls: Object.fromEntries(
          WAITS.flatMap(({ family, times }, index) => [
            ...Object.entries(times).map(([key, value]) => [`net.ipv${family}.neigh.eth${index}.${key}`, value]),
            [`net.ipv4.conf.eth${index}.arp_announce`, answered ? "2" : "0"],
          ]),
        ),
        rulesets: [
          { backend: "legacy", family: 6, text: `*filter\n:OUTPUT ACCEPT [0:0]\n${rules.join("\n")}\nCOMMIT\n` },
        ],
      },
      ...WAITS.map(({ family }, index) => ({
        name: `B${index}`,
        interfaces: [
          { name: "eth0", addresses: family === 4 ? [`10.9.${index}.2/24`] : [`fd00:${index}::2/64`, "fe80::2/64"] },
        ],
        routes: family === 4 ? [`10.77.0.1 via 10.9.${index}.1`] : [],
        sysctls: { "net.ipv4.conf.eth0.arp_ignore": "2" },
      })),
    ],
    links: WAITS.map((_, index) => [`A:eth${index}`, `B${index}:eth0`]),
  };
}

/** Seconds after which the packet reaches the neighbour; `unreachable`: its sender hears that it does not. */
type Waited = number | "unreachable" | "lost";

async function waitedOnKernel(oracle: Oracle): Promise<readonly Waited[]> {
  await oracle.build(toBuildRequest(networkOf(askingLab(false)), {}));
  const each = WAITS.map(({ family, answersFrom }, index) => {
    const change =
      family === 4
        ? `echo 2 > /proc/sys/net/ipv4/conf/eth${index}/arp_announce`
        : `ip6tables-legacy -w -D OUTPUT -o eth${index} ${ASKS} -j DROP`;
    const from = family === 4 ? `-I 10.77.0.1 10.9.${index}.2` : `fd00:${index}::2`;
    return `( (sleep ${answersFrom}; ${change}) & ping -n -c1 -W3 ${from} | sed 's/^/${index} /'; wait ) &`;
  });
  const { stdout } = await oracle.exec("A", ["sh", "-c", `${each.join("\n")}\nwait`]);
  return WAITS.map((_, index) => {
    const own = stdout.split("\n").filter((line) => line.startsWith(`${index} `));
    const time = own.map((line) => /time=([\d.]+) ms/.exec(line)?.[1]).find((found) => found !== undefined);
    if (time !== undefined) return Number(time) / 1000;
    return own.some((line) => /Unreachable/i.test(line)) ? "unreachable" : "lost";
  });
}

function waitedInWorld(index: number): Waited {
  const wait = WAITS[index];
  if (wait === undefined) throw new Error("no such wait");
  const { family, answersFrom } = wait;
  let reached: number | null = null;
  const world: World = createWorld(networkOf(askingLab(false)), {
    choose: () => 0,
    answers: false,
    observer: {
      step(step) {
        if (step.kind === "receive" && step.runtime.host.name === `B${index}`) reached ??= world.now;
      },
    },
  });
  const runtime = runtimeOf(world, "A");
  const after = networkOf(askingLab(true)).hosts.get("A");
  if (runtime === null || after === undefined) throw new Error("no A");
  const content =
    family === 4
      ? packet({ src: address("10.77.0.1"), dst: address(`10.9.${index}.2`), protocol: ICMP, icmpType: ECHO_REQUEST })
      : packet({
          src: address(`fd00:${index}::1`),
          dst: address(`fd00:${index}::2`),
          protocol: ICMPV6,
          icmpType: V6_ECHO_REQUEST,
        });
  const journey = originate(world, runtime, content, { kind: "request", cause: null });
  settle(world, answersFrom);
  world.now = answersFrom;
  changeHost(world, "A", after);
  settle(world);
  if (reached !== null) return reached;
  const heard = world.journeys.some(({ packet: { inner } }) => inner !== null);
  return journey.end?.ending.outcome === "unresolved" && heard ? "unreachable" : "lost";
}

describe.skipIf(!available)("questions for a neighbour", () => {
  let oracle: Oracle;
  let kernel: readonly Waited[] = [];
  beforeAll(async () => {
    oracle = new Oracle();
    kernel = await waitedOnKernel(oracle);
  });
  afterAll(() => oracle.close());

  it.each(WAITS.map((wait, index) => [wait.name, wait.family, index] as const))("%s (IPv%i)", (_, __, index) => {
    const waited = waitedInWorld(index);
    expect(waited).not.toBe("lost");
    if (typeof waited === "string") return expect(kernel[index]).toBe(waited);
    // Timers of the kernel fire late, and later on a busy machine; the next question would be half a second further.
    expect(kernel[index]).toBeGreaterThan(waited - 0.02);
    expect(kernel[index]).toBeLessThan(waited + 0.5);
  });
});

/** B gets another MAC address, which it tells or not; what A then knows. */
interface Announcement {
  readonly name: string;
  readonly family: 4 | 6;
  /** State of A's entry for B before; null: it has none. */
  readonly known: string | null;
  readonly a: Readonly<Record<string, string>>;
  readonly b: Readonly<Record<string, string>>;
}

const TOLD = { 4: { arp_notify: "1" }, 6: { ndisc_notify: "1" } } as const;

const ANNOUNCEMENTS: readonly Announcement[] = [
  ...([4, 6] as const).flatMap((family) => [
    { name: "told by nobody", family, known: "STALE", a: {}, b: {} },
    { name: "told to who knows it", family, known: "STALE", a: {}, b: TOLD[family] },
    { name: "told to who has just heard from it", family, known: "REACHABLE", a: {}, b: TOLD[family] },
    { name: "told to who has it for good", family, known: "PERMANENT", a: {}, b: TOLD[family] },
    { name: "told to a stranger", family, known: null, a: {}, b: TOLD[family] },
    { name: "told to a router that is a stranger", family, known: null, a: { forwarding: "1" }, b: TOLD[family] },
  ]),
  ...["1", "2"].map((arp_accept) => ({
    name: `told to a stranger with arp_accept ${arp_accept}`,
    family: 4 as const,
    known: null,
    a: { arp_accept },
    b: TOLD[4],
  })),
  ...["STALE", "REACHABLE"].map((known) => ({
    name: `told to who knows it as ${known} and listens to no announcement`,
    family: 4 as const,
    known,
    a: { drop_gratuitous_arp: "1" },
    b: TOLD[4],
  })),
  ...["1", "2"].flatMap((accept_untracked_na) =>
    ["0", "1"].map((forwarding) => ({
      name: `told to a stranger with accept_untracked_na ${accept_untracked_na} and forwarding ${forwarding}`,
      family: 6 as const,
      known: null,
      a: { accept_untracked_na, forwarding },
      b: TOLD[6],
    })),
  ),
  {
    name: "told to who listens to no advertisement",
    family: 6,
    known: "STALE",
    a: { drop_unsolicited_na: "1" },
    b: TOLD[6],
  },
];

const one = (family: 4 | 6, index: number, host: 1 | 2): string =>
  family === 4 ? `10.8.${index}.${host}` : `fd08:${index}::${host}`;
const mac = (index: number, which: 2 | 3): string => `02:00:00:08:${index.toString(16).padStart(2, "0")}:0${which}`;

function announcingLab(): Lab {
  const conf = (family: 4 | 6, device: string, settings: Readonly<Record<string, string>>): [string, string][] =>
    Object.entries(settings).map(([key, value]) => [`net.ipv${family}.conf.${device}.${key}`, value]);
  return {
    hosts: [
      {
        name: "A",
        interfaces: ANNOUNCEMENTS.map(({ family }, index) => ({
          name: `eth${index}`,
          addresses: [`${one(family, index, 1)}/${family === 4 ? 24 : 64}`, ...(family === 6 ? ["fe80::1/64"] : [])],
        })),
        neighbours: ANNOUNCEMENTS.flatMap(({ family, known }, index) =>
          known === null ? [] : [`${one(family, index, 2)} eth${index} ${mac(index, 2)} ${known}`],
        ),
        sysctls: Object.fromEntries(ANNOUNCEMENTS.flatMap(({ family, a }, index) => conf(family, `eth${index}`, a))),
      },
      ...ANNOUNCEMENTS.map(({ family, b }, index) => ({
        name: `B${index}`,
        interfaces: [
          {
            name: "eth0",
            mac: mac(index, 2),
            addresses: [`${one(family, index, 2)}/${family === 4 ? 24 : 64}`, ...(family === 6 ? ["fe80::2/64"] : [])],
          },
        ],
        sysctls: Object.fromEntries(conf(family, "eth0", b)),
      })),
    ],
    links: ANNOUNCEMENTS.map((_, index) => [`A:eth${index}`, `B${index}:eth0`]),
  };
}

/** What A knows of a host, as `ip neigh` says. */
function knownInWorld(world: World, index: number, family: 4 | 6): string {
  const runtime = runtimeOf(world, "A");
  if (runtime === null) throw new Error("no A");
  return findNeighbour(runtime.neighbours, `eth${index}`, address(one(family, index, 2)))?.mac ?? "nothing";
}

function withDevice(
  network: Network,
  host: string,
  device: string,
  change: { readonly mac?: string; readonly up?: boolean; readonly carrier?: boolean },
): Network {
  const found = network.hosts.get(host)?.interfaces.get(device);
  const interfaces = network.hosts.get(host)?.interfaces;
  if (found === undefined || interfaces === undefined) throw new Error(`no ${device}`);
  return withHost(network, host, { interfaces: new Map(interfaces).set(device, { ...found, ...change }) });
}

/** Sends ARP messages to A out of eth0, the second after a while. An answer announces only where it is for its own sender (arp_is_garp()). */
const ARP = `
import json, socket, struct, sys, time
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
raw.bind(("eth0", 0))
octets = lambda mac: bytes.fromhex(mac.replace(":", ""))
for told in json.loads(sys.argv[1]):
    time.sleep(told["after"])
    raw.send(octets(told["to"]) + octets(told["mac"]) + bytes.fromhex("0806000108000604")
        + struct.pack("!H", told["operation"]) + octets(told["mac"]) + socket.inet_aton(told["sender"])
        + octets(told["mac"] if told["sender"] == told["target"] else told["to"]) + socket.inet_aton(told["target"]))
`;

interface SecondAnswer {
  readonly name: string;
  /** USER_HZ. */
  readonly locktime: number;
  /** Seconds between the two. */
  readonly after: number;
  readonly operation: "request" | "reply";
  /** What the second is told about; by itself A, the one who asked. */
  readonly target?: "itself" | "another";
  readonly toAll?: boolean;
}

const SECOND_ANSWERS: readonly SecondAnswer[] = [
  { name: "at once", locktime: 30_000, after: 0, operation: "reply" },
  { name: "at once, to all", locktime: 30_000, after: 0, operation: "reply", toAll: true },
  { name: "at once, without a locktime", locktime: 0, after: 0.05, operation: "reply" },
  { name: "to all, without a locktime", locktime: 0, after: 0.05, operation: "reply", toAll: true },
  { name: "when the locktime is over", locktime: 20, after: 0.5, operation: "reply" },
  { name: "as an announcement", locktime: 30_000, after: 0, operation: "reply", target: "itself", toAll: true },
  {
    name: "as an announcing question",
    locktime: 30_000,
    after: 0,
    operation: "request",
    target: "itself",
    toAll: true,
  },
  { name: "as a question for who has asked", locktime: 30_000, after: 0, operation: "request", toAll: true },
  {
    name: "as a question for somebody else",
    locktime: 30_000,
    after: 0,
    operation: "request",
    target: "another",
    toAll: true,
  },
  {
    name: "as a question for somebody else, later",
    locktime: 20,
    after: 0.5,
    operation: "request",
    target: "another",
    toAll: true,
  },
];

/** arp_process(), neigh_update() */
describe.skipIf(!available)("a second answer, from another MAC address", () => {
  const own = "02:00:00:09:00:01";
  const [first, second] = ["02:00:00:09:00:02", "02:00:00:09:00:03"];
  const network = networkOf({
    hosts: [
      {
        name: "A",
        interfaces: [{ name: "eth0", mac: own, addresses: ["10.7.0.1/24"] }],
        sysctls: { "net.ipv4.neigh.eth0.retrans_time_ms": "60000" },
      },
      { name: "B", interfaces: [{ name: "eth0", mac: first, addresses: ["10.7.0.2/24"] }] },
    ],
    links: [["A:eth0", "B:eth0"]],
  });
  const oracle = new Oracle();
  beforeAll(() => oracle.build(toBuildRequest(network, {})).then(() => {}));
  afterAll(() => oracle.close());

  it.each(SECOND_ANSWERS.map((answer, index) => [answer.name, index] as const))("%s", async (_, index) => {
    const answer = SECOND_ANSWERS[index];
    if (answer === undefined) throw new Error("no such answer");
    const { locktime, after, operation, target, toAll } = answer;
    const sender = `10.7.0.${10 + index}`;
    const about = target === "itself" ? sender : target === "another" ? "10.7.0.99" : "10.7.0.1";
    const key = "net.ipv4.neigh.eth0.locktime";
    const send = `import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("${sender}", 9))`;
    await oracle.commands("A", [`sysctl -qw ${key}=${locktime}`]);
    await oracle.exec("A", ["python3", "-c", send]);
    const told = [
      { after: 0, mac: first, operation: 2, sender, target: "10.7.0.1", to: own },
      {
        after,
        mac: second,
        operation: operation === "reply" ? 2 : 1,
        sender,
        target: about,
        to: toAll === true ? "ff:ff:ff:ff:ff:ff" : own,
      },
    ];
    await oracle.exec("B", ["python3", "-c", ARP, JSON.stringify(told)]);
    const { stdout } = await oracle.exec("A", ["ip", "neigh", "show", sender]);

    const sysctls = new Map(network.hosts.get("A")?.sysctls ?? []).set(key, String(locktime));
    const world = createWorld(withHost(network, "A", { sysctls }), { choose: () => 0, answers: false });
    const runtime = runtimeOf(world, "A");
    const device = runtime?.host.interfaces.get("eth0");
    if (runtime === null || device === undefined) throw new Error("no A");
    arpRequest(runtime, device, address(sender), null);
    for (const message of told) {
      world.now += message.after;
      const ends = { sender: address(message.sender), target: address(message.target) };
      const how = { operation: message.operation === 2 ? ("reply" as const) : ("request" as const), sentBy: "B eth0" };
      hearArp(runtime, device, { ...how, ...ends, senderMac: message.mac }, message.to === own);
    }
    const known = findNeighbour(runtime.neighbours, "eth0", address(sender));
    expect(known?.mac).toBe(/lladdr (\S+)/.exec(stdout)?.[1]);
  });

  it("is taken only where it asks for the host, announces, or comes late enough", async () => {
    const { stdout } = await oracle.exec("A", ["ip", "neigh", "show"]);
    const taken = SECOND_ANSWERS.filter((_, index) =>
      stdout.includes(`10.7.0.${10 + index} dev eth0 lladdr ${second}`),
    );
    expect(taken.map(({ name }) => name)).toEqual([
      "at once, without a locktime",
      "to all, without a locktime",
      "when the locktime is over",
      "as an announcement",
      "as an announcing question",
      "as a question for who has asked",
      "as a question for somebody else, later",
    ]);
  });
});

describe.skipIf(!available)("another MAC address", () => {
  let oracle: Oracle;
  let kernel = "";
  beforeAll(async () => {
    oracle = new Oracle();
    await oracle.build(toBuildRequest(networkOf(announcingLab()), {}));
    for (const [index] of ANNOUNCEMENTS.entries()) {
      await oracle.commands(`B${index}`, [`ip link set eth0 address ${mac(index, 3)}`]);
    }
    kernel = (await oracle.exec("A", ["ip", "neigh", "show"])).stdout;
  });
  afterAll(() => oracle.close());

  it.each(ANNOUNCEMENTS.map((story, index) => [story.name, story.family, index] as const))(
    "%s (IPv%i)",
    (_, family, index) => {
      const line = kernel.split("\n").find((text) => text.startsWith(`${one(family, index, 2)} dev eth${index} `));
      const network = networkOf(announcingLab());
      const world = createWorld(network, { choose: () => 0, answers: false });
      const changed = withDevice(network, `B${index}`, "eth0", { mac: mac(index, 3) }).hosts.get(`B${index}`);
      if (changed === undefined) throw new Error("no B");
      runtimeOf(world, `B${index}`);
      changeHost(world, `B${index}`, changed);
      settle(world);
      expect(knownInWorld(world, index, family)).toBe(/lladdr (\S+)/.exec(line ?? "")?.[1] ?? "nothing");
    },
  );

  it("counts when it is announced, though the neighbour has only just been heard of with another one (locktime)", async () => {
    const end = (name: string, own: string) => ({
      name,
      interfaces: [{ name: "eth0", mac: `02:00:00:07:00:0${own}`, addresses: [`10.7.0.${own}/24`] }],
      sysctls: { "net.ipv4.conf.eth0.arp_notify": "1" },
    });
    const network = networkOf({ hosts: [end("A", "1"), end("B", "2")], links: [["A:eth0", "B:eth0"]] });
    const other = "02:00:00:07:00:03";
    const own = new Oracle();
    await own.build(toBuildRequest(network, {}));
    await own.exec("B", ["ping", "-n", "-c1", "-W2", "10.7.0.1"]);
    await own.commands("B", [`ip link set eth0 address ${other}`]);
    const { stdout } = await own.exec("A", ["ip", "neigh", "show"]);
    await own.close();
    const world = createWorld(network, { choose: () => 0, answers: false });
    const runtime = runtimeOf(world, "B");
    const changed = withDevice(network, "B", "eth0", { mac: other }).hosts.get("B");
    const listener = runtimeOf(world, "A");
    if (runtime === null || listener === null || changed === undefined) throw new Error("no B");
    const echo = { protocol: ICMP, icmpType: ECHO_REQUEST };
    const content = packet({ src: address("10.7.0.2"), dst: address("10.7.0.1"), ...echo });
    originate(world, runtime, content, { kind: "request", cause: null });
    settle(world, 0);
    changeHost(world, "B", changed);
    settle(world);
    const known = findNeighbour(listener.neighbours, "eth0", address("10.7.0.2"))?.mac;
    expect(known).toBe(/^10\.7\.0\.2 dev eth0 lladdr (\S+)/m.exec(stdout)?.[1]);
    expect(known).toBe(other);
  });

  it("makes a host forget its neighbours on that device, as going down does; a lost carrier leaves it the permanent ones, or all", async () => {
    const said = async (): Promise<string> => (await oracle.exec("A", ["ip", "neigh", "show"])).stdout;
    const indexes = ANNOUNCEMENTS.flatMap(({ known }, index) => (known === null ? [] : [index]));
    const MAC = "address 02:00:00:0a:00:01";
    const changes = ["kept", "carrier", "down", MAC, "kept", "carrier", MAC, "down", "carrier"] as const;
    const keeping = (family: 4 | 6, index: number): string =>
      `net.ipv${family}.conf.eth${index}.${family === 4 ? "arp" : "ndisc"}_evict_nocarrier`;
    for (const [position, index] of indexes.entries()) {
      const change = changes[position % changes.length];
      if (change === "kept") {
        await oracle.exec("A", ["sysctl", "-qw", `${keeping(ANNOUNCEMENTS[index]?.family ?? 4, index)}=0`]);
      }
      if (change === "carrier" || change === "kept") await oracle.commands(`B${index}`, ["ip link set eth0 down"]);
      else await oracle.commands("A", [`ip link set eth${index} ${change}`]);
    }
    await oracle.exec("A", ["sleep", "0.5"]);
    const left = await said();
    for (const [position, index] of indexes.entries()) {
      const change = changes[position % changes.length];
      const { family } = ANNOUNCEMENTS[index] ?? { family: 4 };
      const plain = networkOf(announcingLab());
      const sysctls = new Map(plain.hosts.get("A")?.sysctls);
      if (change === "kept") sysctls.set(keeping(family, index), "0");
      const network = withHost(plain, "A", { sysctls });
      const world = createWorld(network, { choose: () => 0, answers: false });
      runtimeOf(world, "A");
      const what =
        change === "carrier" || change === "kept"
          ? { carrier: false }
          : change === "down"
            ? { up: false }
            : { mac: "02:00:00:0a:00:01" };
      const changed = withDevice(network, "A", `eth${index}`, what).hosts.get("A");
      if (changed === undefined) throw new Error("no A");
      changeHost(world, "A", changed);
      settle(world);
      const line = left.split("\n").find((text) => text.startsWith(`${one(family, index, 2)} dev eth${index} `));
      const isLeft = line?.includes("lladdr") === true ? "known" : "nothing";
      expect(`${index} ${change} ${knownInWorld(world, index, family) === "nothing" ? "nothing" : "known"}`).toBe(
        `${index} ${change} ${isLeft}`,
      );
    }
  });
});

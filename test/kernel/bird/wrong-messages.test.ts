import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runFor, startDaemons } from "../../../src/bgp/reconverge.ts";
import { speakerOf } from "../../../src/bgp/speaker/from-bird.ts";
import { connectTcp } from "../../../src/emulator/tcp/open.ts";
import { sendOctets } from "../../../src/emulator/tcp/send.ts";
import { runtimeOf } from "../../../src/emulator/world.ts";
import { originTable } from "../../../src/model/origin.ts";
import { ipv4 } from "../../../src/net/address.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { fetchBird } from "./fetch-bird.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-wrong-"));
const PROGRAM = fileURLToPath(new URL("wrong_messages.py", import.meta.url));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const folder = fetchBird("bird", SCRATCH);

const MARKER = "f".repeat(32);
const digits = (value: number, octets: number): string => value.toString(16).padStart(2 * octets, "0");
const message = (type: number, body: string, length = 19 + body.length / 2): string =>
  `${MARKER}${digits(length, 2)}${digits(type, 1)}${body}`;

interface Open {
  readonly version?: number;
  readonly as?: number;
  readonly hold?: number;
  readonly id?: string;
  readonly optional?: string;
}

const open = ({ version = 4, as = 64513, hold = 90, id = "0a090002", optional = "" }: Open = {}): string =>
  message(
    1,
    `${digits(version, 1)}${digits(as, 2)}${digits(hold, 2)}${id}${digits(optional.length / 2, 1)}${optional}`,
  );
const KEEPALIVE = message(4, "");
const attribute = (flags: number, type: number, value: string): string =>
  `${digits(flags, 1)}${digits(type, 1)}${digits(value.length / 2, 1)}${value}`;
const ORIGIN = attribute(0x40, 1, "00");
const PATH = attribute(0x40, 2, "0201fc01");
const NEXT_HOP = attribute(0x40, 3, "0a090002");
const update = (attributes: string, nlri = "1ac0a80500", withdrawn = ""): string =>
  message(2, `${digits(withdrawn.length / 2, 2)}${withdrawn}${digits(attributes.length / 2, 2)}${attributes}${nlri}`);
const up = (...more: readonly string[]): readonly string[] => [open(), KEEPALIVE, ...more];

/** A neighbour of the same AS tells a route: its path is empty. */
const within = (...more: readonly string[]): readonly string[] => [
  open({ as: 64512 }),
  KEEPALIVE,
  update(ORIGIN + attribute(0x40, 2, "") + NEXT_HOP + attribute(0x40, 5, "00000064") + more.join("")),
];

/** The same of a neighbour within the AS. */
const INTERNAL: readonly (readonly [wrong: string, writes: readonly string[]])[] = [
  ["a CLUSTER_LIST that is not whole", within(attribute(0x80, 10, "0a0900"))],
  ["a CLUSTER_LIST of five octets", within(attribute(0x80, 10, "0a09000100"))],
  ["a CLUSTER_LIST without numbers", within(attribute(0x80, 10, ""))],
  ["a CLUSTER_LIST with its own number", within(attribute(0x80, 10, "0a090001"))],
  ["a CLUSTER_LIST that says that it is transitive", within(attribute(0xc0, 10, "0a090009"))],
  ["a CLUSTER_LIST that is not whole, of a length in two octets", within(`900a0003${"0a0900"}`)],
  ["an ORIGINATOR_ID of three octets", within(attribute(0x80, 9, "0a0900"))],
  ["an ORIGINATOR_ID that is its own", within(attribute(0x80, 9, "0a090001"))],
  [
    "communities that are not whole, and then a CLUSTER_LIST",
    within(attribute(0xc0, 8, "fc"), attribute(0x80, 10, "0a")),
  ],
  ["nothing that is wrong", within(attribute(0x80, 10, "0a090009"), attribute(0x80, 9, "0a090009"))],
];

/** What a neighbour sends, and what is wrong with it (RFC 4271 section 6). */
const CASES: readonly (readonly [wrong: string, writes: readonly string[]])[] = [
  ["a marker that is none", [`00${open().slice(2)}`]],
  ["a message shorter than its header", [message(4, "", 18)]],
  ["a message longer than 4096 octets", [message(2, "", 4097)]],
  ["a type that is none", [message(9, "")]],
  ["a KEEPALIVE with a body", [open(), message(4, "00")]],
  ["an OPEN that is too short", [message(1, "04fc01005a0a0900")]],
  ["a version that is not 4", [open({ version: 3 })]],
  ["a hold time of 1 s", [open({ hold: 1 })]],
  ["a hold time of 2 s", [open({ hold: 2 })]],
  ["an identifier of 0", [open({ id: "00000000" })]],
  ["another AS", [open({ as: 64999 })]],
  ["another AS in its capability", [open({ as: 23456, optional: "02064104fa56ea01" })]],
  ["an optional parameter that is not whole", [open({ optional: "0206" })]],
  ["an optional parameter that nobody knows", [open({ optional: "6300" })]],
  ["an UPDATE in place of an OPEN", [update("", "")]],
  ["an UPDATE in place of the first KEEPALIVE", [open(), update("", "")]],
  ["a second OPEN", up(open())],
  ["withdrawn routes longer than the message", up(message(2, "00ff0000"))],
  ["attributes longer than the message", up(message(2, "000000ff"))],
  ["routes without ORIGIN", up(update(PATH + NEXT_HOP))],
  ["routes without AS_PATH", up(update(ORIGIN + NEXT_HOP))],
  ["routes without NEXT_HOP", up(update(ORIGIN + PATH))],
  ["an ORIGIN of two octets", up(update(attribute(0x40, 1, "0000") + PATH + NEXT_HOP))],
  ["an ORIGIN that is none", up(update(attribute(0x40, 1, "03") + PATH + NEXT_HOP))],
  ["an ORIGIN that says that it is optional", up(update(attribute(0xc0, 1, "00") + PATH + NEXT_HOP))],
  ["an AS_PATH that is not whole", up(update(ORIGIN + attribute(0x40, 2, "0202fc01") + NEXT_HOP))],
  ["an AS_PATH segment that is none", up(update(ORIGIN + attribute(0x40, 2, "0901fc01") + NEXT_HOP))],
  ["an AS_PATH that does not begin with the neighbour", up(update(ORIGIN + attribute(0x40, 2, "0201fbff") + NEXT_HOP))],
  ["a NEXT_HOP of three octets", up(update(ORIGIN + PATH + attribute(0x40, 3, "0a0900")))],
  ["a NEXT_HOP of 0", up(update(ORIGIN + PATH + attribute(0x40, 3, "00000000")))],
  ["a NEXT_HOP of multicast", up(update(ORIGIN + PATH + attribute(0x40, 3, "e0000001")))],
  ["a MULTI_EXIT_DISC of three octets", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0x80, 4, "000000")))],
  ["an attribute twice", up(update(ORIGIN + ORIGIN + PATH + NEXT_HOP))],
  ["a well-known attribute that nobody knows", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0x40, 99, "00")))],
  ["an attribute that is not whole", up(update(`${ORIGIN}${PATH}${NEXT_HOP}800404`))],
  ["communities that are not whole", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0xc0, 8, "fc0000")))],
  ["a prefix of 33 bits", up(update(ORIGIN + PATH + NEXT_HOP, "21c0a8050000"))],
  ["a prefix that is not whole", up(update(ORIGIN + PATH + NEXT_HOP, "18c0a8"))],
  ["a withdrawn prefix of 33 bits", up(update("", "", "21c0a8050000"))],
  ["a NEXT_HOP of 0.1.2.3", up(update(ORIGIN + PATH + attribute(0x40, 3, "00010203")))],
  ["a NEXT_HOP of 240.0.0.1", up(update(ORIGIN + PATH + attribute(0x40, 3, "f0000001")))],
  ["a NEXT_HOP of 255.255.255.255", up(update(ORIGIN + PATH + attribute(0x40, 3, "ffffffff")))],
  ["a LOCAL_PREF of three octets", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0x40, 5, "000000")))],
  ["an ATOMIC_AGGREGATE of one octet", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0x40, 6, "00")))],
  ["an AGGREGATOR of five octets", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0xc0, 7, "fc010a0900")))],
  ["a CLUSTER_LIST that is not whole", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0x80, 10, "0a0900")))],
  ["an ORIGINATOR_ID of three octets", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0x80, 9, "0a0900")))],
  ["extended communities that are not whole", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0xc0, 16, "0002fc00")))],
  ["large communities that are not whole", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0xc0, 32, "0002fc00")))],
  ["an AS4_PATH that is not whole", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0xc0, 17, "0201fc01")))],
  ["an AS4_AGGREGATOR of five octets", up(update(ORIGIN + PATH + NEXT_HOP + attribute(0xc0, 18, "fc010a0900")))],
  ["a wrong length and wrong flags at once", up(update(attribute(0xc0, 1, "0000") + PATH + NEXT_HOP))],
  [
    "an attribute that is wrong behind one that only makes routes go",
    up(update(attribute(0xc0, 8, "fc") + ORIGIN + NEXT_HOP)),
  ],
  ["a ROUTE-REFRESH of 24 octets", up(message(5, "0001000100"))],
  ["a NOTIFICATION of 20 octets", up(message(3, "06"))],
  ["an UPDATE of 22 octets", up(message(2, "000000"))],
  ["nothing that is wrong", up(update(ORIGIN + PATH + NEXT_HOP))],
];

const octetsOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const machine = (last: number): string =>
  `2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP\n    inet 10.9.0.${last}/24 scope global eth0\n`;

/** What the emulated BIRD sends to a neighbour that writes this, in digits. */
function emulated(as: number, writes: readonly string[]): string {
  const route = "10.9.0.0/24 dev eth0 proto kernel scope link\n";
  const files = ["nodes/a", "nodes/b"].flatMap((node, index) => [
    [`${node}/ip-addr.txt`, machine(index + 1)] as const,
    [`${node}/ip-route.txt`, route] as const,
  ]);
  const { network } = readSnapshot({ name: "wrong", files: new Map(files) });
  const text = `router id 10.9.0.1;\nprotocol bgp p { local as 64512; neighbor 10.9.0.2 as ${as}; source address 10.9.0.1; passive on; import all; export none; }\n`;
  const { speaker } = speakerOf(readBirdConfiguration(text, "bird.cfg", originTable()).configuration, 4, null);
  const run = startDaemons(network, new Map([["a", speaker === null ? [] : [speaker]]]));
  runFor(run, 3);
  const runtime = runtimeOf(run.world, "b");
  if (runtime === null) throw new Error("b is there");
  let said = "";
  const connection = connectTcp(run.world, runtime, {
    local: ipv4(0x0a090002),
    remote: ipv4(0x0a090001),
    port: 179,
    options: { ttl: 64, minTtl: 0, tos: 0, key: null, device: null },
    events: {
      connected: () => {},
      received: (octets) => {
        said += Buffer.from(octets).toString("hex");
      },
      lost: () => {},
    },
  });
  if (typeof connection === "string") throw new Error(connection);
  for (const write of writes) {
    runFor(run, 0.2);
    sendOctets(run.world, connection, [octetsOf(write)]);
  }
  runFor(run, 1);
  return said;
}

/** The NOTIFICATION among messages: code, subcode and data. */
function notification(said: string): string {
  for (let at = 0; at + 38 <= said.length; ) {
    const length = Number.parseInt(said.slice(at + 32, at + 36), 16);
    if (said.slice(at + 36, at + 38) === "03") return said.slice(at + 38, at + 2 * length);
    at += 2 * length;
  }
  return "none";
}

describe.skipIf(folder === null)("BIRD's NOTIFICATION to", () => {
  const all = [
    ...CASES.map(([wrong, writes]) => ({ wrong, as: 64513, writes })),
    ...INTERNAL.map(([wrong, writes]) => ({ wrong: `${wrong}, from within the AS,`, as: 64512, writes })),
  ];
  let real: readonly string[] = [];
  beforeAll(() => {
    const input = JSON.stringify(all);
    const { stdout, stderr } = spawnSync("python3", [PROGRAM, folder ?? ""], { input, encoding: "utf8" });
    if (stdout === "") throw new Error(stderr);
    real = JSON.parse(stdout);
  });

  test.each(all.map(({ wrong, as, writes }, index) => [wrong, as, writes, index] as const))(
    "%s is the emulation's, to the octet",
    (_, as, writes, index) => {
      expect(notification(emulated(as, writes))).toBe(notification(real[index] ?? ""));
    },
  );
});

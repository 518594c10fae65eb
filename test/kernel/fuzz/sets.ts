import fc from "fast-check";
import { port } from "./pools.ts";
import type { FuzzSet } from "./rule.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface FuzzSets {
  readonly sets: readonly FuzzSet[];
  /** In the words of `ipset save`. */
  readonly text: string;
}

/** Seconds: no member's time runs out while packets are on their way. */
const TIMEOUT = 3600;

interface Extensions {
  readonly words: string;
  readonly counters: boolean;
}

const extensions: fc.Arbitrary<Extensions> = fc
  .tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean())
  .map(([timeout, counters, comment, skbInfo]) => ({
    counters,
    words: [
      timeout ? ` timeout ${TIMEOUT}` : "",
      counters ? " counters" : "",
      comment ? " comment" : "",
      skbInfo ? " skbinfo" : "",
    ].join(""),
  }));

/** Options of one member, as its set allows them. */
function memberOptions({ words }: Extensions, nomatch: boolean): fc.Arbitrary<string> {
  const option = (name: string, ...values: readonly string[]): fc.Arbitrary<string> =>
    words.includes(name) ? fc.constantFrom("", "", ...values) : fc.constant("");
  return fc
    .tuple(
      nomatch ? fc.constantFrom("", "", "", " nomatch") : fc.constant(""),
      option("timeout", " timeout 0", " timeout 600"),
      option("counters", " packets 2 bytes 100"),
      option("comment", ' comment "a b"'),
      option("skbinfo", " skbmark 0x1/0xff", " skbmark 0x10", " skbmark 0x3/0xf0 skbprio 1:2 skbqueue 3"),
    )
    .map((parts) => parts.join(""));
}

interface SetShape {
  readonly name: string;
  readonly type: string;
  /** Create options beside those of `extensions`. */
  readonly create?: readonly string[];
  readonly dimensions: number;
  readonly member: fc.Arbitrary<string>;
  readonly nets?: boolean;
}

function setArbitrary(shape: SetShape): fc.Arbitrary<{ readonly set: FuzzSet; readonly text: string }> {
  const { name, type, dimensions, member } = shape;
  const nets = shape.nets === true;
  return fc.tuple(extensions, fc.constantFrom(...(shape.create ?? [""]))).chain(([extras, create]) =>
    fc
      .uniqueArray(fc.tuple(member, memberOptions(extras, nets)), { maxLength: 5, selector: ([text]) => text })
      .map((list) => ({
        set: { name, dimensions, nets, counters: extras.counters },
        text: [
          `create ${name} ${type}${create}${extras.words}\n`,
          // Two spellings may be one member, under a netmask.
          ...withoutOverwriting(list).map(([text, options]) => `add ${name} ${text}${options} -exist\n`),
        ].join(""),
      })),
  );
}

/**
 * Without the members that hash:net,iface takes for one that is there: it compares names only as far as the one there goes if
 * that is a wildcard (hash_netiface4_data_equal), so that `-exist` would give that one the newcomer's options.
 */
function withoutOverwriting(list: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  return list.filter(
    ([text], at) =>
      !list.slice(0, at).some(([earlier]) => earlier.endsWith(" wildcard") && text.startsWith(earlier.slice(0, -9))),
  );
}

const protocol = fc.constantFrom("tcp", "udp");

/** `[protocol:]port` and ICMP types. */
function portMember({ family }: Vocabulary): fc.Arbitrary<string> {
  const icmp = family === 4 ? ["icmp:8/0", "icmp:0/0", "icmp:3/3"] : ["icmpv6:128/0", "icmpv6:129/0", "icmpv6:1/4"];
  return fc.oneof(
    { weight: 6, arbitrary: fc.tuple(protocol, port).map(([name, number]) => `${name}:${number}`) },
    { weight: 1, arbitrary: fc.constantFrom(...icmp) },
    { weight: 1, arbitrary: fc.constant("47:0") },
  );
}

/** Sets of every type that small kernels have, which is all but hash:net,net, hash:ip,mark and most of those with MACs. */
export function setsArbitrary(words: Vocabulary): fc.Arbitrary<FuzzSets> {
  const { family, host, network: net, device, mac } = words;
  const inet = family === 4 ? " family inet" : " family inet6";
  const masks =
    family === 4 ? ["", " netmask 24", " bitmask 255.0.255.7"] : ["", " netmask 64", " bitmask ffff:ffff::ff"];
  const end = portMember(words);
  const shapes: SetShape[] = [
    { name: "hi", type: `hash:ip${inet}`, create: masks, dimensions: 1, member: host },
    { name: "hn", type: `hash:net${inet}`, dimensions: 1, member: net, nets: true },
    {
      name: "hip",
      type: `hash:ip,port${inet}`,
      create: masks,
      dimensions: 2,
      member: fc.tuple(host, end).map((parts) => parts.join()),
    },
    {
      name: "hnp",
      type: `hash:net,port${inet}`,
      dimensions: 2,
      member: fc.tuple(net, end).map((parts) => parts.join()),
      nets: true,
    },
    {
      name: "hipip",
      type: `hash:ip,port,ip${inet}`,
      dimensions: 3,
      member: fc.tuple(host, end, host).map((parts) => parts.join()),
    },
    {
      name: "hipn",
      type: `hash:ip,port,net${inet}`,
      dimensions: 3,
      member: fc.tuple(host, end, net).map((parts) => parts.join()),
      nets: true,
    },
    {
      name: "hni",
      type: `hash:net,iface${inet}`,
      dimensions: 2,
      member: fc
        .tuple(net, device, fc.constantFrom(0, 0, 1))
        .map(([ip, name, cut]) => (cut === 0 ? `${ip},${name}` : `${ip},${name.slice(0, -1)} wildcard`)),
      nets: true,
    },
    {
      name: "bp",
      type: "bitmap:port range 20-8000",
      dimensions: 1,
      member: port.filter((n) => n >= 20 && n <= 8000).map(String),
    },
  ];
  if (family === 4) {
    const inRange = host.map((text) => (text.startsWith("10.0.") ? text : "10.0.1.2"));
    shapes.push(
      { name: "bi", type: "bitmap:ip range 10.0.0.0/16", create: ["", " netmask 24"], dimensions: 1, member: inRange },
      {
        name: "bim",
        type: "bitmap:ip,mac range 10.0.0.0/16",
        dimensions: 2,
        member: fc.oneof(
          inRange,
          fc.tuple(inRange, mac).map((parts) => parts.join()),
        ),
      },
    );
  }
  return fc.tuple(extensions, ...shapes.map(setArbitrary)).map(([extras, ...made]) => ({
    sets: [
      ...made.map(({ set }) => set),
      { name: "ls", dimensions: 1, nets: true, counters: extras.counters },
      { name: "ls2", dimensions: 2, nets: true, counters: false },
    ],
    text: [
      ...made.map(({ text }) => text),
      `create ls list:set size 8${extras.words}\nadd ls hi\nadd ls hn\n`,
      "create ls2 list:set size 8\nadd ls2 hip\nadd ls2 hnp\nadd ls2 hn\n",
    ].join(""),
  }));
}

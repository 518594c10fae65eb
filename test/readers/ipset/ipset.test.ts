import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { IpSet, SetElement, SetMember } from "../../../src/model/ip-set.ts";
import { formatSource, originTable, sourceOf } from "../../../src/model/origin.ts";
import { type Address, type Family, ipv4, ipv6 } from "../../../src/net/address.ts";
import { addressBits, parsePrefix, prefixOf } from "../../../src/net/prefix.ts";
import { hasPorts, ICMP, ICMPV6 } from "../../../src/net/protocol.ts";
import { readIpSetList } from "../../../src/readers/ipset/list.ts";
import { printIpSet } from "../../../src/readers/ipset/print-save.ts";
import { readIpSetSave } from "../../../src/readers/ipset/save.ts";
import { type Dimension, setShape } from "../../../src/readers/ipset/set-type.ts";
import { codes, fixture, withoutOrigin } from "../fixture.ts";

const save = (text: string) => readIpSetSave(text, "f", originTable());
const list = (text: string) => readIpSetList(text, "f", originTable());

describe("real outputs", () => {
  const saved = save(fixture("ipset/fixtures/save.txt"));

  test("`ipset list` says the same as `ipset save`", () => {
    const listed = list(fixture("ipset/fixtures/list.txt"));
    expect(saved.sets.size).toBe(18);
    expect(withoutOrigin(listed.sets)).toEqual(withoutOrigin(saved.sets));
    expect(codes(listed)).toEqual(codes(saved));
  });

  test("all members are read", () => {
    expect([...saved.sets.values()].filter((set) => !set.complete)).toEqual([]);
    expect(codes(saved)).toEqual([]);
  });

  test("sets are printed back byte for byte", () => {
    const text = fixture("ipset/fixtures/save.txt");
    const printed = [...saved.sets.values()].map(printIpSet).join("\n");
    expect(`${printed}\n`).toBe(text);
  });

  test("XML is refused in one finding", () => {
    const xml = fixture("ipset/fixtures/list.xml.txt");
    for (const dump of [save(xml), list(xml)]) {
      expect(dump).toMatchObject({ findings: [{ code: "unsupported-format", severity: "error", line: 1 }] });
      expect(dump.sets.size).toBe(0);
    }
  });
});

test("a member under a netmask stands for its network", () => {
  const dump = save("create a hash:ip family inet hashsize 1024 maxelem 65536 netmask 24\nadd a 10.0.5.0");
  expect(dump.sets.get("a")?.members[0]?.elements).toEqual([{ kind: "net", prefix: parsePrefix("10.0.5.0/24") }]);
});

test("timeout 0 is a permanent member", () => {
  const dump = save("create a hash:ip family inet timeout 5\nadd a 10.0.0.1 timeout 0\nadd a 10.0.0.2 timeout 3");
  expect(dump.sets.get("a")?.members.map((member) => member.timeout)).toEqual([null, 3]);
});

test("comments may hold anything", () => {
  const dump = save('create a hash:ip family inet comment\nadd a 10.0.0.1 comment "timeout 9 nomatch, add b 1"');
  expect(dump).toMatchObject({ findings: [] });
  expect(dump.sets.get("a")?.members).toMatchObject([{ timeout: null, nomatch: false }]);
});

test("ranges of hand-written restore files", () => {
  const dump = save(
    "create p bitmap:port range 0-1000\nadd p 80-90\ncreate n hash:net\nadd n 10.0.0.1-10.0.0.9\ncreate q hash:ip,port\nadd q 10.0.0.1,80-90",
  );
  expect(dump.findings).toEqual([]);
  expect([...dump.sets.values()].map((set) => set.members[0]?.elements.at(-1)?.kind)).toEqual([
    "port",
    "range",
    "port",
  ]);
});

test("origins cite the line of each member", () => {
  const origins = originTable();
  const set = readIpSetSave("create a hash:ip family inet\n\nadd a 10.0.0.1\n", "s", origins).sets.get("a");
  expect([set?.origin ?? 0, set?.members[0]?.origin ?? 0].map((o) => formatSource(sourceOf(origins, o)))).toEqual([
    "s:1",
    "s:3",
  ]);
});

test.each<[string, string]>([
  ["create a hash:ip family inet\nadd a 10.0.0.1\nadd a 10.0.0.", "unknown-member"],
  ["create a hash:ip family inet\nadd a 10.0.0.1\n…", "truncated-dump"],
  ["create a hash:ip family inet\nadd a 10.0.0.1\nhello", "unknown-line"],
  ["create a hash:frob family inet\nadd a 10.0.0.1", "unmodelled-set"],
  ["create a hash:ip family inet\nadd a 2001:db8::1", "unknown-member"],
  ["create a hash:ip family inet\nadd a 10.0.0.1 frobnicate", "unknown-member"],
  ["create a hash:ip,port family inet\nadd a 10.0.0.1", "unknown-member"],
])("save %#: a set that lacks members says so", (text, code) => {
  const dump = save(text);
  expect(codes(dump)).toEqual([code]);
  expect(dump.sets.get("a")?.complete).toBe(false);
});

const HEAD =
  "Name: a\nType: hash:ip\nRevision: 6\nHeader: family inet hashsize 1024 maxelem 65536\nSize in memory: 296\nReferences: 1\n";

test.each<[string, string]>([
  [`${HEAD}Number of entries: 2\nMembers:\n10.0.0.1`, "truncated-dump"],
  [`${HEAD}Number of entries: 2\n`, "truncated-dump"],
  [`${HEAD}`, "truncated-dump"],
  [`${HEAD}Members:\n10.0.0.1\n...\n`, "truncated-dump"],
  [`${HEAD}Members:\n10.0.0.1\nhello\n`, "unknown-member"],
])("list %#: a set that lacks members says so", (text, code) => {
  const dump = list(text);
  expect(codes(dump)).toEqual([code]);
  expect(dump.sets.get("a")?.complete).toBe(false);
});

test("a set without `Number of entries`, as old ipset prints it, is complete", () => {
  expect(list(`${HEAD}Members:\n10.0.0.1\n`)).toMatchObject({ findings: [] });
  expect(list(`${HEAD}Members:\n`).sets.get("a")).toMatchObject({ complete: true, members: [] });
});

test("an omission in one set leaves the next one complete", () => {
  const { sets } = list(`${HEAD}Members:\n10.0.0.1\n...\n\n${HEAD.replace("Name: a", "Name: b")}Members:\n10.0.0.2\n`);
  expect([...sets.values()].map((set) => set.complete)).toEqual([false, true]);
});

test("a member of a set that is not created is reported", () => {
  expect(codes(save("add a 10.0.0.1"))).toEqual(["unknown-set"]);
});

const word = fc.nat(0xffffffff);

function address(family: Family): fc.Arbitrary<Address> {
  return family === 4 ? word.map(ipv4) : fc.tuple(word, word, word, word).map((words) => ipv6(...words));
}

function element(
  dimension: Dimension,
  family: Family,
  bitmap: boolean,
  netmask: number | null,
): fc.Arbitrary<SetElement> {
  const bits = addressBits(family);
  switch (dimension) {
    case "ip":
      return address(family).map((ip) => ({ kind: "net", prefix: prefixOf(ip, netmask ?? bits) }));
    case "net":
      return fc
        .tuple(address(family), fc.nat(bits))
        .map(([ip, length]) => ({ kind: "net", prefix: prefixOf(ip, length) }));
    case "port": {
      const ports = fc
        .tuple(fc.nat(65535), fc.nat(65535))
        .map(([x, y]) => ({ first: Math.min(x, y), last: Math.max(x, y) }));
      if (bitmap) return ports.map((range) => ({ kind: "port", protocol: null, ...range }));
      const icmp = fc.record({
        kind: fc.constant("icmp" as const),
        protocol: fc.constantFrom(ICMP, ICMPV6),
        type: fc.nat(255),
        code: fc.nat(255),
      });
      const other = fc.tuple(fc.nat(255), ports).filter(([protocol]) => protocol !== ICMP && protocol !== ICMPV6);
      return fc.oneof(
        icmp,
        other.map(
          ([protocol, range]): SetElement => ({
            kind: "port",
            protocol,
            ...(hasPorts(protocol) ? range : { first: 0, last: 0 }),
          }),
        ),
      );
    }
    case "mac":
      return fc
        .array(fc.nat(255), { minLength: 6, maxLength: 6 })
        .map((octets) => ({ kind: "mac", mac: octets.map((octet) => octet.toString(16).padStart(2, "0")).join(":") }));
    case "iface":
      return fc.record({
        kind: fc.constant("interface"),
        name: fc.constantFrom("eth0", "cali+", "a.b"),
        physdev: fc.boolean(),
      });
    case "mark":
      return word.map((mark) => ({ kind: "mark", mark }));
    case "set":
      return fc.record({ kind: fc.constant("set"), name: fc.constantFrom("x", "cali40s:abc_-") });
  }
}

const TYPES = [
  "bitmap:ip",
  "bitmap:ip,mac",
  "bitmap:port",
  "hash:ip",
  "hash:ip,mark",
  "hash:ip,port",
  "hash:ip,port,ip",
  "hash:ip,port,net",
  "hash:ip,mac",
  "hash:mac",
  "hash:net",
  "hash:net,net",
  "hash:net,port",
  "hash:net,port,net",
  "hash:net,iface",
  "list:set",
];

const anySet: fc.Arbitrary<IpSet> = fc
  .record({
    type: fc.constantFrom(...TYPES),
    six: fc.boolean(),
    timeout: fc.boolean(),
    netmask: fc.option(fc.integer({ min: 1, max: 32 })),
  })
  .chain(({ type, six, timeout, netmask }) => {
    const masked = type === "hash:ip" && netmask !== null;
    const header = [masked ? `netmask ${netmask}` : "maxelem 65536", timeout ? "timeout 300" : "counters"].join(" ");
    const shape = setShape(type, `${type.startsWith("hash") ? `family ${six ? "inet6" : "inet"} ` : ""}${header}`);
    if (shape === null) throw new Error(type);
    const member: fc.Arbitrary<SetMember> = fc.record({
      elements: fc.tuple(...shape.dimensions.map((d) => element(d, shape.family ?? 4, shape.bitmap, shape.netmask))),
      nomatch: fc.boolean(),
      timeout: timeout ? fc.option(fc.integer({ min: 1, max: 2147483 })) : fc.constant(null),
      origin: fc.constant(0),
    });
    return fc.array(member, { maxLength: 8 }).map((members) => ({
      name: `s:${type}`,
      type,
      family: shape.family,
      header,
      members,
      complete: true,
      origin: 0,
    }));
  });

test("what is printed reads back as the same set", () => {
  fc.assert(
    fc.property(anySet, (set) => {
      const dump = save(printIpSet(set));
      expect(dump.findings).toEqual([]);
      expect(withoutOrigin([...dump.sets.values()])).toEqual(withoutOrigin([set]));
    }),
  );
});

const vocabulary = fc.constantFrom(
  ..."create add a b hash:ip hash:net,iface hash:ip,port family inet inet6 timeout 5 0 nomatch netmask 24 10.0.0.1 10.0.0.0/8,eth0".split(
    " ",
  ),
  ...'10.0.0.1,tcp:80 10.0.0.1,icmp:ping comment "x" \n \n Members: Name: …'.split(" "),
);

test("whatever is read, printing and reading it again changes nothing", () => {
  const members = (sets: ReadonlyMap<string, IpSet>): unknown =>
    withoutOrigin([...sets.values()].filter((set) => set.complete));
  fc.assert(
    fc.property(fc.array(vocabulary, { maxLength: 40 }), (words) => {
      const { sets } = save(words.join(" "));
      const whole = new Map([...sets].filter(([, set]) => set.complete));
      expect(members(save([...whole.values()].map(printIpSet).join("\n")).sets)).toEqual(members(whole));
    }),
    { numRuns: 1000 },
  );
});

import { expect, test } from "vitest";
import { speakerOf } from "../../src/bgp/speaker/from-bird.ts";
import { originTable, sourceOf } from "../../src/model/origin.ts";
import { readBirdConfiguration } from "../../src/readers/bird/configuration.ts";
import { OPTIONS } from "../../src/readers/bird/refusal/protocol-options.ts";

/** What a protocol needs; sessions within an AS have other defaults than those with another. */
const BASES: Readonly<Record<string, readonly string[]>> = {
  bgp: ["local as 64512; neighbor 10.0.0.2 as 64512; ", "local as 64512; neighbor 10.0.0.2 as 64513; "],
};

/** What is told of a protocol with a setting, and the daemon that is made of it without places. */
function read(type: string, settings: string, family: 4 | 6 = 6) {
  const origins = originTable();
  const text = `router id 1.1.1.1;\nprotocol ${type} p {\n${settings}\n}\n`;
  const { configuration, findings } = readBirdConfiguration(text, "bird.cfg", origins);
  const { speaker, faults } = speakerOf(configuration, family, null);
  const places = faults.map(({ origin, text: what }) => `${sourceOf(origins, origin)?.line} ${what}`);
  const made = JSON.stringify(speaker, (key: string, value: unknown) =>
    key === "origin" || key === "column" ? undefined : value,
  );
  return { told: [...places, ...findings.map(({ message }) => message)], made };
}

/** Every value of a pattern of BIRD's grammar: B is on and off, the rest one that is no default. */
function settingsOf(words: readonly string[]): readonly string[] {
  const values: Readonly<Record<string, readonly string[]>> = {
    N: ["7"],
    B: ["on", "off"],
    A: ["10.0.0.9"],
    T: ['"text"'],
    Q: ['"eth0"'],
    D: ["all"],
    M: ["all"],
    F: ["all", "none"],
    L: ["7 action warn", "7"],
    R: ["other"],
    I: ["9.9.9.9"],
    P: ['"eth0"'],
  };
  return words.reduce<readonly string[]>(
    (texts, word) => texts.flatMap((text) => (values[word] ?? [word]).map((value) => `${text} ${value}`)),
    [""],
  );
}

/** Settings without any effect on sessions and routes, and the one whose value is the default. */
const INDIFFERENT: ReadonlySet<string> = new Set([
  "debug M",
  "setkey B",
  "device scan time N",
  "graceful restart aware",
  "long lived graceful restart aware",
  "mrtdump D",
]);

const all = [...OPTIONS].flatMap(([type, patterns]) => patterns.map(({ words }) => [type, words.join(" ")] as const));

test.each(all)("%s: “%s” changes the daemon, or is told as not followed", (type, words) => {
  if (INDIFFERENT.has(words) || INDIFFERENT.has(`${type} ${words}`)) return;
  const changes = (BASES[type] ?? [""]).some((base) => {
    const plain = read(type, base);
    return settingsOf(words.split(" "))
      .map((setting) => read(type, `${base}${setting};`))
      .some(({ made, told }) => made !== plain.made || told.length > plain.told.length);
  });
  expect(changes).toBe(true);
});

const [INTERNAL = ""] = BASES["bgp"] ?? [];
const told: readonly (readonly [string, string, readonly string[]])[] = [
  ["bgp", `${INTERNAL}\nimport keep filtered;\nsecondary on;`, ["4 import keep filtered on", "5 secondary on"]],
  ["bgp", `${INTERNAL}\ncheck link on;\nbfd;`, ["4 check link on", "5 bfd on"]],
  ["bgp", `${INTERNAL}\nbfd off; secondary off; import keep filtered off;`, []],
  ["bgp", `${INTERNAL}\nsecondary on;\nsecondary off;`, []],
  ["bgp", `${INTERNAL}\nigp table other;\nmissing lladdr drop;`, ["4 igp table other", "5 missing lladdr drop"]],
  ["bgp", `${INTERNAL}\nimport limit 7;`, []],
  ["static", "import limit 7 action block;", ["3 import limit 7"]],
  ["static", "route 10.0.0.0/8 recursive 10.9.9.9;", []],
  ["bgp", `${INTERNAL}\ntable other;`, ["4 table other: only the master table is followed"]],
  [
    "static",
    "import filter {\nscope = SCOPE_LINK;\nif true then krt_mtu = 9; else bgp_med = 1;\naccept;\n};",
    ["4 scope = …", "5 krt_mtu = …"],
  ],
  ["kernel", "metric 5;\nexport limit 9;", ["4 export limit 9"]],
  [
    "bgp",
    "local as 64512;\nneighbor range 10.0.0.0/24 as 64512;",
    ["4 neighbor range 10.0.0.0/24 as 64512: who dials from there is refused"],
  ],
  ["bgp", "local as 64512;\nneighbor 10.0.0.2 external;", ["4 neighbor external: there is no session"]],
  ["bgp", `${INTERNAL}\nlocal role customer;`, ["4 local role customer"]],
  [
    "bgp",
    "local as 64512; neighbor fd00::2 as 64512;\nipv4 { import all; };\nipv6 { import all; extended next hop; };",
    ["5 extended next hop on where next hops are looked up: those of the other family are in its table"],
  ],
  ["bgp", "local as 64512; neighbor fd00::2 as 64512;\nipv4 { import all; };\nipv6 { import all; };", []],
  [
    "bgp",
    "local as 64512; neighbor fd00::2 as 64512;\nipv6;\nflow6;",
    ["5 channel flow6: sessions carry IPv4 and IPv6 alone"],
  ],
  ["kernel", "ipv4 { export all; };\nipv6 { export all; };", []],
];

test.each(told)("of %s { %s } these are told as not followed, at their lines: %j", (type, settings, expected) => {
  expect(read(type, settings).told).toEqual(expected);
});

test("a statement of a filter that is not understood is told at its place", () => {
  const text =
    "router id 1.1.1.1;\nipv4 table master4;\nfilter f {\nfor pair p in bgp_community do { reject; }\naccept;\n}\nprotocol device { }\n";
  const origins = originTable();
  const { configuration } = readBirdConfiguration(text, "bird.cfg", origins);
  const { faults } = speakerOf(configuration, 4, null);
  expect(faults).toMatchObject([{ kind: "unmodelled", column: 5 }]);
  expect(sourceOf(origins, faults[0]?.origin ?? 0)?.line).toBe(4);
});

test("an identifier by the name of an interface is told as not followed", () => {
  const text = 'router id from "eth*";\nprotocol device { }\n';
  const { configuration } = readBirdConfiguration(text, "bird.cfg", originTable());
  const { faults } = speakerOf(configuration, 4, null);
  expect(faults.map(({ text: what }) => what)).toContain("router id from eth*");
});

test("link-local addresses that are missing matter to IPv6 alone", () => {
  expect(read("bgp", `${INTERNAL}\nmissing lladdr drop;`, 4).told).toEqual([]);
});

test("what stands in a template is told once for all sessions that are made from it", () => {
  const protocols = [2, 3, 4].map((n) => `protocol bgp p${n} from t { neighbor 10.0.0.${n} as 64512; }`).join("\n");
  const text = `router id 1.1.1.1;\ntemplate bgp t { local as 64512; check link on; }\n${protocols}\n`;
  const { configuration } = readBirdConfiguration(text, "bird.cfg", originTable());
  expect(speakerOf(configuration, 4, null).faults.map(({ text: what }) => what)).toEqual(["check link on"]);
});

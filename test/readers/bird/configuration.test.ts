import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BirdConfiguration, BirdOption } from "../../../src/model/bird/configuration.ts";
import { originTable, sourceOf } from "../../../src/model/origin.ts";
import { formatAddress, parseAddress } from "../../../src/net/address.ts";
import { readBirdConfiguration } from "../../../src/readers/bird/configuration.ts";
import { printFilter, printFunction } from "../../../src/readers/bird/print.ts";
import { recogniseDump } from "../../../src/readers/recognise.ts";
import { UPSTREAM_ROOT, upstreamText, withUpstreamData } from "../../calico/upstream-data.ts";
import { processorTime } from "../../processor-time.ts";
import { codes, fixture } from "../fixture.ts";
import { anyFilter } from "./filter-arbitrary.ts";

function read(text: string, file = "f"): ReturnType<typeof readBirdConfiguration> {
  return readBirdConfiguration(text, file, originTable());
}

/** The trees without the places, which change when they are printed. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (key === "origin" || key === "column" ? [] : [[key, bare(item)]])),
  );
}

function printed(configuration: BirdConfiguration): string {
  return [...configuration.functions.map(printFunction), ...configuration.filters.map(printFilter)].join("\n");
}

function protocol(configuration: BirdConfiguration, name: string) {
  const found = configuration.protocols.find((one) => one.name === name);
  return Object.fromEntries(
    (found?.options ?? []).map((option) => [
      "name" in option && option.kind !== "table" ? option.name : option.kind,
      bare(option),
    ]),
  );
}

describe("bird.cfg", () => {
  test("of people, which BIRD 1.6.8 takes, is understood whole", () => {
    const origins = originTable();
    const { configuration, findings } = readBirdConfiguration(fixture("bird/fixtures/people.cfg"), "bird.cfg", origins);
    expect(findings).toEqual([]);
    expect(configuration).toMatchObject({
      syntax: "1.6",
      listen: { port: 179 },
      functions: [
        { name: "is_ours", parameters: [{ type: "prefix", name: "p" }, { type: "int" }], variables: [{}, {}] },
      ],
      filters: [{ name: "from_rack", variables: [{ type: "int", name: "hops" }] }],
      templates: [{ type: "bgp", name: "rack" }],
    });
    expect(configuration.routerId && formatAddress(configuration.routerId.id)).toBe("10.0.0.1");
    expect(configuration.constants.map(({ name }) => name)).toEqual(["OWN_AS", "NETS"]);
    expect(configuration.tables.map(({ name }) => name)).toEqual(["extra"]);
    expect(configuration.roaTables).toMatchObject([{ name: "roa1", roas: [{ longest: 24, as: 64500 }] }]);
    expect(configuration.protocols.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "device device1",
      "direct direct1",
      "kernel main",
      "static static1",
      "bgp uplink",
    ]);
    expect(protocol(configuration, "uplink")).toMatchObject({
      neighbor: { as: 64500, port: null },
      local: { as: 64500 },
      multihop: { hops: 3 },
      limit: { what: "import", count: 1000, action: "restart" },
      export: { use: { kind: "inline", filter: { body: [{ kind: "if" }, { kind: "reject" }] } } },
      "hold time": { value: 90 },
      "error wait time": { low: 5, high: 30 },
      passive: { on: true },
      disabled: { on: false },
      "ttl security": { on: false },
      "rr client": { on: true },
      "add paths": { how: "rx" },
      "next hop": { how: "self" },
      "allow local as": { value: -1 },
    });
    const routes = configuration.protocols.find(({ name }) => name === "static1")?.options ?? [];
    expect(
      routes.map((option) => (option.kind === "route" ? option.targets.map(({ kind }) => kind) : option.kind)),
    ).toEqual([["via"], ["device"], ["unreachable"], ["prohibit"], ["recursive"], ["via", "via"]]);
    expect(protocol(configuration, "main")["export"]).toMatchObject({ use: { kind: "where" } });
    const uplink = configuration.protocols.find(({ name }) => name === "uplink");
    const line = fixture("bird/fixtures/people.cfg").split("\n").indexOf("protocol bgp uplink {") + 1;
    expect(sourceOf(origins, uplink?.origin ?? 0)).toEqual({ file: "bird.cfg", line });
  });

  test("constants stand for numbers, addresses and texts, also through others", () => {
    const { configuration, findings } = read(
      [
        'define one = 65001;\ndefine two = one + 1;\ndefine a = 10.0.0.9;\ndefine b = a;\ndefine word = "hunter2";',
        "protocol bgp x { local as one; neighbor b as two; multihop two; password word; description word; router id 9; }",
        'protocol bgp y { local as one; neighbor b as two; password "hunter2"; description "hunter2"; }',
      ].join("\n"),
    );
    expect(findings).toEqual([]);
    const [x, y] = [protocol(configuration, "x"), protocol(configuration, "y")];
    expect(x).toMatchObject({
      neighbor: { as: 65002, address: parseAddress("10.0.0.9") },
      multihop: { hops: 65002 },
      "router id": { id: parseAddress("0.0.0.9") },
    });
    expect([x["password"], x["description"]]).toEqual([y["password"], y["description"]]);
  });

  test("keeps no password, in no value and no message", () => {
    const { configuration, findings } = read(
      'protocol bgp a {\n  password "hunter2";\n  passwords { password "hunter3" { id 1; }; };\n  neighbor 10.0.0.1 as 1;\n  nonsense "hunter4";\n  password hunter5 hunter6;\n}\n',
    );
    const all = JSON.stringify([configuration, findings]);
    expect(all).toContain('"kind":"password"');
    expect(all).not.toMatch(/hunter[2356]/);
    expect(codes({ findings })).toEqual(["bird-unknown-statement"]);
  });

  test("of BIRD 2, which BIRD 2.0.12 takes, has its channels", () => {
    const { configuration, findings } = read(fixture("bird/fixtures/bird2.cfg"));
    expect(findings).toEqual([]);
    expect(configuration.syntax).toBe("2");
    const mesh = configuration.protocols.find(({ name }) => name === "Mesh_10_9_0_2");
    expect(mesh?.options.filter(({ kind }) => kind === "channel")).toMatchObject([
      {
        channel: "ipv4",
        options: [{ kind: "add paths" }, { kind: "import" }, { kind: "export" }, { kind: "next hop", how: "self" }],
      },
      { channel: "ipv6", options: [{ kind: "import", use: { kind: "all" } }, { kind: "export" }] },
    ]);
    expect(protocol(configuration, "ll")["neighbor"]).toMatchObject({ interface: "br0", as: 64513 });
    expect(configuration.protocols.map(({ name }) => name)).toContain("kernel2");
  });

  test("with a broken statement loses that one, and says where and what was expected", () => {
    const text = `router id 10.0.0.1;
function f() { if net ~ then accept; accept; }
protocol bgp a {
  neighbor 10.0.0.2 as ;
  hold time many;
  source address 10.0.0.1;
}
what is this;
protocol device { scan time 2; }
`;
    const { configuration, findings } = read(text);
    expect(findings.map(({ code, line, column, expected }) => `${code} ${line}:${column} ${expected ?? ""}`)).toEqual([
      "bird-syntax 2:25 a value",
      "bird-syntax 4:24 a number",
      "bird-syntax 5:13 a number",
      "bird-unknown-statement 8:1 ",
    ]);
    expect(configuration.functions[0]?.body).toMatchObject([{ kind: "accept" }]);
    expect(protocol(configuration, "a")).toHaveProperty("source address");
    expect(configuration.protocols).toHaveLength(2);
  });

  test("has what define stands for wherever a number or an address may stand, as BIRD 1.6.8 reads it", () => {
    const { configuration, findings } = read(
      `define AS = 65000;
define PEER = AS + (2 * 4);
define ADDRESS = 10.0.0.1;
define HOPS = 3;
router id ADDRESS;
listen bgp address ADDRESS port HOPS;
protocol static { route 10.1.0.0/16 via ADDRESS; route 10.2.0.0/16 recursive ADDRESS; }
protocol bgp p {
  local ADDRESS as AS;
  neighbor ADDRESS port HOPS as (PEER + 1);
  source address ADDRESS;
  multihop HOPS;
  path metric 1;
  igp metric 0;
  hold time HOPS;
}
protocol bgp q { local as AS; neighbor 10.0.0.2 as PEER; import limit HOPS action warn; rr cluster id HOPS; allow local as HOPS; }
`,
    );
    expect(findings).toEqual([]);
    expect(configuration.routerId?.id.a).toBe(0x0a000001);
    expect(configuration.listen).toMatchObject({ address: { a: 0x0a000001 }, port: 3 });
    expect(protocol(configuration, "static1")["route"]).toMatchObject({ targets: [{ gateway: { a: 0x0a000001 } }] });
    expect(protocol(configuration, "p")).toMatchObject({
      local: { address: { a: 0x0a000001 }, as: 65000 },
      neighbor: { address: { a: 0x0a000001 }, port: 3, as: 65009 },
      "source address": { address: { a: 0x0a000001 } },
      multihop: { hops: 3 },
      "path metric": { on: true },
      "igp metric": { on: false },
      "hold time": { value: 3 },
    });
    expect(protocol(configuration, "q")).toMatchObject({
      neighbor: { as: 65008 },
      limit: { count: 3, action: "warn" },
      "rr cluster id": { id: 3 },
      "allow local as": { value: 3 },
    });
  });

  test("has what stands behind a static route as commands, and of protocols that are not followed what all have, and the tables of a pipe", () => {
    const { configuration, findings } = read(
      `protocol static { route 10.1.0.0/16 blackhole { bgp_community.add((1, 2)); bgp_med = 5; }; route 10.2.0.0/16 reject; }
protocol ospf v3 { tick 2; preference 7; area 0 { interface "eth*" { cost 5; hello 10; }; stubnet 10.3.0.0/24; }; }
protocol pipe p { disabled; table one; peer table other; mode opaque; import limit 9; import filter { bgp_med = 5; accept; }; }
protocol mrt { table "one*"; ipv4 { export all; }; }
`,
    );
    expect(findings).toEqual([]);
    const kinds = (options: readonly BirdOption[]): readonly string[] => options.map(({ kind }) => kind);
    expect(configuration.protocols.map(({ name, options }) => [name, ...kinds(options)])).toEqual([
      ["static1", "route", "route"],
      ["ospf1", "number"],
      ["p", "switch", "table", "other", "import"],
      ["mrt1", "channel"],
    ]);
    const [first] = configuration.protocols[0]?.options ?? [];
    expect(first).toMatchObject({ filter: { body: [{ kind: "expression" }, { kind: "assign" }, { kind: "accept" }] } });
  });

  test("includes the files beside it, and says which are not there", () => {
    const files = new Map([
      ["x/bird_aggr.cfg", "protocol static { route 10.1.0.0/26 blackhole; }\n"],
      ["x/loop.cfg", 'include "loop.cfg";\n'],
    ]);
    const { configuration, findings } = readBirdConfiguration(
      'include "bird_aggr.cfg";\ninclude "bird_ipam.cfg";\ninclude "loop.cfg";\nprotocol device { }\n',
      "x/bird.cfg",
      originTable(),
      (name) => {
        const text = files.get(`x/${name}`);
        return text === undefined ? [] : [{ path: `x/${name}`, text }];
      },
    );
    expect(configuration.protocols.map(({ name }) => name)).toEqual(["static1", "device1"]);
    expect(configuration.includes.map(({ name, found }) => `${name} ${found}`)).toEqual(
      expect.arrayContaining(["bird_aggr.cfg true", "bird_ipam.cfg false"]),
    );
    expect(findings.map(({ code, file, line }) => `${code} ${file}:${line}`)).toEqual([
      "include-missing x/bird.cfg:2",
      "include-missing x/loop.cfg:1",
    ]);
  });

  test("of the article's nodes is read without a doubt", () => {
    for (const node of ["control-plane", "worker-1", "worker-2"]) {
      const file = `scenarios/debian-firewall-blocks-bgp/healthy/snapshot/nodes/${node}/bird.cfg`;
      const { configuration, findings } = read(readFileSync(file, "utf8"));
      expect(findings).toEqual([]);
      expect(configuration.protocols.filter(({ type }) => type === "bgp")).toHaveLength(2);
      expect(recogniseDump(readFileSync(file, "utf8"))).toBe("bird-config");
    }
  });

  test("binds operators as BIRD does: && and || alike, from the left", () => {
    const { configuration } = read("filter f { if a || b && ! c = 1 + 2 * 3 then accept; }");
    const [statement] = configuration.filters[0]?.body ?? [];
    expect(
      statement?.kind === "if" && printFilter({ ...(configuration.filters[0] ?? fail()), body: [statement] }),
    ).toContain("if (a || b) && (!c = (1 + (2 * 3))) then");
  });
});

function fail(): never {
  throw new Error("no filter");
}

describe("filters", () => {
  test("are the same after they were printed and read again", () => {
    fc.assert(
      fc.property(anyFilter, (filter) => {
        const text = printFilter(filter);
        const { configuration, findings } = read(text);
        expect(findings, text).toEqual([]);
        expect(bare(configuration.filters)).toEqual([bare(filter)]);
        expect(printed(configuration)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test("of any text neither throw nor take more than linear time", () => {
    const word = fc.constantFrom(
      "protocol",
      "bgp",
      "filter",
      "function",
      "{",
      "}",
      "(",
      ")",
      "[",
      "]",
      "[=",
      "=]",
      ";",
      "if",
      "then",
      "else",
      "net",
      "~",
      "10.0.0.0/8",
      "fd00::/8",
      "import",
      "case",
      ":",
      ",",
      "..",
      "!",
      "-",
      '"a"',
      "1",
      "accept",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(word).map((words) => words.join(" ")),
          fc.string({ unit: "binary" }),
        ),
        (text) => {
          for (const { line, column, file } of read(text).findings) {
            expect(file).toBe("f");
            if (line !== undefined) expect(line).toBeGreaterThan(0);
            if (column !== undefined) expect(column).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 500 },
    );
    for (const hostile of [
      "(",
      "!",
      "{",
      "[",
      "if a then ",
      "protocol bgp { ",
      "filter f { case a { ",
      "1 + ",
      "((((a,",
      "a.b.",
      'include "x";',
      "}",
      "a(b,",
    ]) {
      const taken = processorTime(() => {
        read(hostile.repeat(Math.ceil(200_000 / hostile.length)));
        read(`filter f { if ${hostile.repeat(Math.ceil(200_000 / hostile.length))}`);
      });
      expect(taken, hostile).toBeLessThan(5000);
    }
  });
});

withUpstreamData(() => {
  const cfgs = readdirSync(UPSTREAM_ROOT, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".cfg"),
  );
  const beside = (file: string) => (name: string) => {
    const path = join(dirname(file), name);
    return existsSync(join(UPSTREAM_ROOT, path)) ? [{ path, text: upstreamText(path) }] : [];
  };

  test("every bird.cfg that confd is expected to render is read without a finding, and printing its filters loses nothing", () => {
    expect(cfgs.length).toBeGreaterThan(700);
    for (const file of cfgs) {
      const { configuration, findings } = readBirdConfiguration(upstreamText(file), file, originTable(), beside(file));
      expect(findings).toEqual([]);
      const text = printed(configuration);
      const again = read(text).configuration;
      expect(bare(again.functions)).toEqual(bare(configuration.functions));
      expect(bare(again.filters)).toEqual(bare(configuration.filters));
    }
  });

  interface Golden {
    readonly golden: string;
    readonly files: readonly string[];
    readonly router_id?: string | null;
    readonly protocols?: readonly string[];
  }

  const index: Readonly<Record<string, readonly Golden[]>> = JSON.parse(
    upstreamText("vectors/confd-golden-index.json"),
  );

  test.each(Object.keys(index))(
    "the configurations of %s have the peers and the router id that upstream's index names",
    (tree) => {
      let compared = 0;
      for (const { golden, router_id: routerId = null, protocols = [] } of index[tree] ?? []) {
        const folder = `${tree}/confd/tests/compiled_templates/${golden}`;
        const names = new Set<string>();
        for (const file of ["bird.cfg", "bird6.cfg"]) {
          const path = join(folder, file);
          if (!existsSync(join(UPSTREAM_ROOT, path))) continue;
          const { configuration } = readBirdConfiguration(upstreamText(path), path, originTable(), beside(path));
          for (const one of configuration.protocols) if (one.type === "bgp") names.add(one.name);
          if (routerId !== null && configuration.routerId !== null) {
            expect(formatAddress(configuration.routerId.id), relative(UPSTREAM_ROOT, path)).toBe(routerId);
          }
          compared++;
        }
        expect([...names], golden).toEqual(expect.arrayContaining([...protocols]));
      }
      expect(compared).toBeGreaterThan(50);
    },
  );
});

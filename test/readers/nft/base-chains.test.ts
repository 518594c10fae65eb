import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { originTable, sourceOf } from "../../../src/model/origin.ts";
import { readNftBaseChains } from "../../../src/readers/nft/base-chains.ts";
import { parsePriority } from "../../../src/readers/nft/priority.ts";

const TEXT = `# Warning: table ip filter is managed by iptables-nft, do not touch!
table ip filter {
	chain x {
		counter packets 0 bytes 0 accept
		meta mark 0x00000001 counter packets 0 bytes 0 meta mark set 0x5
	}

	chain INPUT {
		type filter hook input priority filter; policy drop;
		ip saddr 10.0.0.1 counter packets 0 bytes 0 accept
	}

	chain zz {
		type nat hook postrouting priority srcnat - 1; policy accept;
	}
}
table inet firewalld { # handle 3
	set blocked {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/8,
			     192.168.0.0/16 }
	}

	map dispatch {
		type ifname : verdict
		elements = { "cali1" : goto to_cali1 }
	}

	chain filter_INPUT { # handle 7
		comment "a { brace"
		type filter hook input priority filter + 10; policy accept;
		ct state { established, related } accept comment "open {" # handle 9
		iifname vmap { "lo" : accept,
			       "eth0" : goto x }
		jump filter_INPUT_POLICIES
	}

	chain filter_INPUT_POLICIES {
		drop
	}
}
table netdev guard {
	chain in {
		type filter hook ingress device "eth0" priority -500; policy drop;
	}
}
`;

const JSON_TEXT = JSON.stringify({
  nftables: [
    { metainfo: { version: "1.0.6", json_schema_version: 1 } },
    { table: { family: "ip", name: "filter", handle: 1 } },
    { chain: { family: "ip", table: "filter", name: "x", handle: 1 } },
    { chain: { family: "ip", table: "filter", name: "INPUT", type: "filter", hook: "input", prio: 0, policy: "drop" } },
    {
      chain: {
        family: "ip",
        table: "filter",
        name: "zz",
        type: "nat",
        hook: "postrouting",
        prio: 99,
        policy: "accept",
      },
    },
    { rule: { family: "ip", table: "filter", chain: "INPUT", handle: 3, expr: [{ accept: null }] } },
    {
      chain: {
        family: "inet",
        table: "firewalld",
        name: "filter_INPUT",
        type: "filter",
        hook: "input",
        prio: 10,
        policy: "accept",
      },
    },
    { rule: { family: "inet", table: "firewalld", chain: "filter_INPUT", handle: 9, expr: [{ drop: null }] } },
    {
      rule: {
        family: "inet",
        table: "firewalld",
        chain: "filter_INPUT",
        handle: 10,
        expr: [{ jump: { target: "x" } }],
      },
    },
  ],
});

function read(text: string) {
  return readNftBaseChains({ text, file: "nft-ruleset.txt" }, originTable());
}

describe("native base chains in nft list ruleset", () => {
  it("are all but those that iptables-nft hooks at its own places", () => {
    const { baseChains } = read(TEXT);
    expect(baseChains.map(({ family, table, chain }) => `${family} ${table} ${chain}`)).toEqual([
      "ip filter zz",
      "inet firewalld filter_INPUT",
      "netdev guard in",
    ]);
  });

  it("have their hook, priority, policy, number of rules and line", () => {
    const origins = originTable();
    const { baseChains } = readNftBaseChains({ text: TEXT, file: "nft-ruleset.txt" }, origins);
    expect(baseChains[1]).toMatchObject({
      type: "filter",
      hook: "input",
      priority: 10,
      policy: "accept",
      ruleCount: 3,
    });
    expect(sourceOf(origins, baseChains[1]?.origin ?? 0)).toEqual({ file: "nft-ruleset.txt", line: 30 });
    expect(baseChains[0]).toMatchObject({ type: "nat", hook: "postrouting", priority: 99, ruleCount: 0 });
    expect(baseChains[2]).toMatchObject({ hook: "ingress", priority: -500, policy: "drop" });
  });

  it("are named once for each table of which something is not modelled, with the line", () => {
    // a chain that the dump lacks; a family of frames
    expect(read(TEXT).findings).toMatchObject([
      { code: "native-nft-table", severity: "info", line: 34 },
      { code: "native-nft-table", severity: "info", line: 44 },
    ]);
  });

  it("are the same in JSON, on one line or many", () => {
    const origins = originTable();
    const one = readNftBaseChains({ text: JSON_TEXT, file: "nft.json" }, origins).baseChains;
    expect(one).toMatchObject([
      { family: "ip", table: "filter", chain: "zz", priority: 99, policy: "accept", ruleCount: 0 },
      { family: "inet", table: "firewalld", chain: "filter_INPUT", priority: 10, ruleCount: 2 },
    ]);
    const pretty = JSON.stringify(JSON.parse(JSON_TEXT), null, 2);
    const many = readNftBaseChains({ text: pretty, file: "nft.json" }, origins).baseChains;
    const line = pretty.split("\n").findIndex((text) => text.includes('"zz"'));
    expect(sourceOf(origins, many[0]?.origin ?? 0)?.line).toBeLessThanOrEqual(line + 1);
    expect(sourceOf(origins, many[0]?.origin ?? 0)?.line).toBeGreaterThan(line - 5);
  });

  it("count a chain of a built-in name at another place as native", () => {
    const text = "table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority -5; policy drop;\n\t}\n}\n";
    expect(read(text).baseChains).toHaveLength(1);
    expect(read(text.replace("-5", "0")).baseChains).toHaveLength(0);
    expect(read(text.replace("-5", "filter").replace("ip filter", "inet filter")).baseChains).toHaveLength(1);
  });

  it("leave every table of iptables-nft to its own dump", () => {
    const owned = [
      ["raw", "PREROUTING", "filter", "prerouting", "raw"],
      ["mangle", "OUTPUT", "route", "output", "mangle"],
      ["mangle", "FORWARD", "filter", "forward", "mangle"],
      ["nat", "PREROUTING", "nat", "prerouting", "dstnat"],
      ["nat", "INPUT", "nat", "input", "100"],
      ["nat", "OUTPUT", "nat", "output", "-100"],
      ["nat", "POSTROUTING", "nat", "postrouting", "srcnat"],
      ["security", "INPUT", "filter", "input", "security"],
    ];
    for (const [table, chain, type, hook, priority] of owned) {
      const text = `table ip6 ${table} {\n\tchain ${chain} {\n\t\ttype ${type} hook ${hook} priority ${priority}; policy accept;\n\t}\n}\n`;
      expect(read(text)).toEqual({ baseChains: [], findings: [] });
    }
  });

  it("are kept from a dump that is cut off, with a finding", () => {
    const { baseChains, findings } = read(TEXT.slice(0, TEXT.indexOf("\t\tjump filter_INPUT_POLICIES")));
    expect(baseChains.map(({ chain }) => chain)).toEqual(["zz", "filter_INPUT"]);
    expect(findings.map(({ code }) => code)).toContain("truncated-dump");
  });

  it("are told to be missing where a line, a priority or the JSON is not understood", () => {
    expect(read("garbage\n").findings).toMatchObject([{ code: "unknown-line", line: 1 }]);
    expect(
      read("table inet x {\n\tchain y {\n\t\ttype filter hook input priority soon;\n\t}\n}\n").findings,
    ).toMatchObject([{ code: "bad-chain", line: 3 }]);
    expect(read('{"nftables": [{"chain": {"hook": "input"}}]}').findings).toMatchObject([{ code: "bad-chain" }]);
    expect(read('{"a": 1}').findings).toMatchObject([{ code: "unknown-line" }]);
  });

  it("are none in an empty ruleset", () => {
    expect(read("")).toEqual({ baseChains: [], findings: [] });
    expect(read('{"nftables": [{"metainfo": {"version": "1.0.6"}}]}').baseChains).toEqual([]);
  });

  it("never make the reader throw", () => {
    const piece = fc.constantFrom(
      ...'table\u0000ip\u0000inet\u0000chain\u0000{\u0000}\u0000\n\u0000type filter hook input priority 0;\u0000policy drop;\u0000"\u0000#\u0000accept\u0000{"nftables":[\u0000{"chain":{\u0000"hook":"input"\u0000]\u0000,'.split(
        "\u0000",
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece).map((parts) => parts.join(" ")),
          fc.string({ unit: "binary" }),
        ),
        (text) => {
          for (const chain of read(text).baseChains) expect(Number.isFinite(chain.priority)).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("priorities of nft", () => {
  it.each([
    ["0", "ip", 0],
    ["-150", "ip", -150],
    ["filter", "inet", 0],
    ["filter + 10", "inet", 10],
    ["filter - 5", "ip", -5],
    ["dstnat", "ip6", -100],
    ["srcnat + 10", "ip", 110],
    ["filter", "bridge", -200],
    ["out", "bridge", 100],
  ])("%s in family %s is %i", (text, family, value) => {
    expect(parsePriority(text, family)).toBe(value);
  });

  it("that have no such name are refused", () => {
    expect(parsePriority("out", "ip")).toBeNull();
    expect(parsePriority("soon", "ip")).toBeNull();
  });
});

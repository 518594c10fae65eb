import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readFolder } from "../../../src/cli/read-files.ts";
import type { HostPart, Knowledge } from "../../../src/model/host.ts";
import type { SnapshotFiles } from "../../../src/readers/snapshot/files.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";

const HEALTHY = readFolder(
  fileURLToPath(new URL("../../../scenarios/debian-firewall-blocks-bgp/healthy/snapshot", import.meta.url)),
);

type Files = Map<string, string>;

function texts(): Files {
  const files: Files = new Map();
  for (const [path, content] of HEALTHY) {
    const text = typeof content === "string" ? content : "read" in content ? content.read() : null;
    if (typeof text === "string") files.set(path, text);
  }
  return files;
}

function read(files: SnapshotFiles["files"]) {
  return readSnapshot({ name: "t", files });
}

const INDEX = "nodes/worker-1/index.json";

/** The files of worker-1 alone, without its pods. */
function alone(): Files {
  return new Map([...texts()].filter(([path]) => /^nodes\/worker-1\/[^/]+$/.test(path)));
}

/** The same, with these changes to one of the entries of its index. */
function withEntry(file: string, changes: Readonly<Record<string, unknown>>): Files {
  const files = alone();
  const index: { files: { file: string }[]; missing: unknown[] } = JSON.parse(files.get(INDEX) ?? "");
  index.files = index.files.map((entry) => (entry.file === file ? { ...entry, ...changes } : entry));
  files.set(INDEX, JSON.stringify(index));
  return files;
}

function knowledge(files: Files, part: HostPart): Knowledge | undefined {
  return read(files).network.hosts.get("worker-1")?.knowledge.get(part);
}

describe("what a collector says of its files", () => {
  test("nothing is unknown or assumed of a node that was collected whole, but the routes of IPv6, which is off", () => {
    const { network, findings } = read(texts());
    expect(findings.filter(({ severity }) => severity !== "info")).toEqual([]);
    const parts: readonly HostPart[] = [
      "rules",
      "rules6",
      "otherBackend",
      "nft",
      "routes",
      "policyRules",
      "sets",
      "sysctls",
    ];
    const known = network.hosts.get("worker-1")?.knowledge;
    for (const part of [...parts, "neighbours", "conntrack", "sockets", "interfaces"] as const) {
      expect([part, known?.get(part)]).toEqual([part, undefined]);
    }
    expect(known?.get("routes6")).toBe("derived");
  });

  test("a dump that was cut, or whose command failed, leaves the rest unknown", () => {
    const cases: readonly (readonly [string, HostPart, Knowledge])[] = [
      ["iptables-nft-save.txt", "rules", "unknown"],
      ["ip6tables-legacy-save.txt", "rules6", "unknown"],
      ["ip-route.txt", "routes", "unknown"],
      ["ip-rule.txt", "policyRules", "unknown"],
      ["ipset-save.txt", "sets", "unknown"],
      ["ip-addr.txt", "interfaces", "unknown"],
      ["sockets.txt", "sockets", "unknown"],
      ["conntrack.txt", "conntrack", "assumed"],
      ["ip-neigh.txt", "neighbours", "assumed"],
      ["sysctl.txt", "sysctls", "assumed"],
      ["nft-ruleset.txt", "nft", "assumed"],
    ];
    for (const [name, part, expected] of cases) {
      const file = `nodes/worker-1/${name}`;
      expect([name, knowledge(alone(), part)]).toEqual([name, undefined]);
      for (const changes of [{ truncated: true, bytes: 4096 }, { exitStatus: 124 }]) {
        const files = withEntry(file, changes);
        expect([name, knowledge(files, part)]).toEqual([name, expected]);
        const told = read(files).findings.filter(({ code }) => code === "cut-file");
        expect(told.map((finding) => finding.file)).toEqual([file]);
        expect(told[0]?.message).toMatch(/it was cut after 4096 bytes|its command ended with status 124/);
      }
    }
  });

  test("what could not be had is told once, wherever the index stands", () => {
    const files = alone();
    const index = JSON.parse(files.get(INDEX) ?? "");
    index.missing = [{ file: "nodes/worker-1/tc-qdisc.txt", exitStatus: 127, reason: "no such command here" }];
    files.set(INDEX, JSON.stringify(index));
    files.set("index.json", JSON.stringify(index));
    const told = read(files).findings.filter(({ code }) => code === "not-collected");
    expect(told.map(({ message }) => message)).toEqual([
      "The collector could not get 1 file: nodes/worker-1/tc-qdisc.txt (no such command here).",
    ]);
  });

  test("legacy tables that exist and could not be printed are unknown, not absent", () => {
    const files = alone();
    files.delete("nodes/worker-1/iptables-legacy-save.txt");
    files.delete("nodes/worker-1/ip6tables-legacy-save.txt");
    expect(knowledge(files, "otherBackend")).toBe("assumed");
    const index = JSON.parse(files.get(INDEX) ?? "");
    index.missing = [{ file: "nodes/worker-1/iptables-legacy-save.txt", exitStatus: 127, exists: true }];
    files.set(INDEX, JSON.stringify(index));
    expect(knowledge(files, "otherBackend")).toBe("unknown");
  });

  test("no legacy table is a fact, and no answer where the other backend was not asked", () => {
    const files = alone();
    expect(files.get("nodes/worker-1/iptables-legacy-save.txt")).toBe("");
    files.set("nodes/worker-1/iptables-nft-save.txt", "");
    expect([knowledge(files, "rules"), knowledge(files, "otherBackend")]).toEqual([undefined, undefined]);
    files.delete("nodes/worker-1/iptables-nft-save.txt");
    files.delete("nodes/worker-1/ip6tables-nft-save.txt");
    // the rules of iptables-nft stand in nft's own listing, too
    for (const name of ["nft-ruleset.json", "nft-ruleset.txt"]) files.delete(`nodes/worker-1/${name}`);
    expect([knowledge(files, "rules"), knowledge(files, "otherBackend")]).toEqual(["unknown", "assumed"]);
  });

  test("a damaged index is told, and loses nothing else", () => {
    for (const text of ["", "{", "[]", "null", '{"files": 3, "missing": {}}', '{"files": [null, 1, {"file": 2}]}']) {
      const files = alone().set(INDEX, text);
      const { network, findings } = read(files);
      expect(network.hosts.size).toBe(1);
      const isDamaged = !text.startsWith('{"');
      expect(findings.some(({ code }) => code === "damaged-index")).toBe(isDamaged);
    }
  });

  test("the earliest time of collection is the snapshot's, unless its description has one", () => {
    const files = texts();
    expect(read(files).collectedAt).toMatch(/^2026-/);
    files.delete("snapshot.yaml");
    const times = ["control-plane", "worker-1", "worker-2"].map(
      (name) => JSON.parse(files.get(`nodes/${name}/index.json`) ?? "").collectedAt,
    );
    expect(read(files).collectedAt).toBe(times.sort()[0]);
  });
});

describe("namespaces that the collector could not name", () => {
  function renamed(folder: string): Files {
    return new Map([...texts()].map(([path, text]) => [path.replace("netns/default_a/", `netns/${folder}/`), text]));
  }

  test("are the pods whose addresses they have", () => {
    for (const folder of ["192.168.226.65", "ns-4026532345", "fd00::1"]) {
      const { network, findings } = read(renamed(folder));
      expect(network.hosts.has("pod/default/a")).toBe(true);
      expect(network.hosts.size).toBe(11);
      expect(findings.filter(({ severity }) => severity !== "info")).toEqual([]);
    }
  });

  test("keep their address for a name where no object has it", () => {
    const files = new Map([...renamed("192.168.226.65")].filter(([path]) => !path.startsWith("cluster/")));
    const { network, findings } = read(files);
    expect(network.hosts.get("pod/?/192.168.226.65")?.node).toBe("worker-1");
    expect(findings.filter(({ code }) => code === "namespace-without-name").map(({ file }) => file)).toEqual([
      "nodes/worker-1/netns/192.168.226.65",
    ]);
    // the veth pair is found by the numbers of its ends
    expect(network.links.some(({ members }) => members.some(({ host }) => host === "pod/?/192.168.226.65"))).toBe(true);
  });

  test("are told as misnamed when the name is neither", () => {
    const { findings } = read(renamed("something"));
    expect(findings.some(({ code, file }) => code === "unknown-file" && file?.endsWith("netns/something"))).toBe(true);
  });
});

describe("archives in one folder", () => {
  /** Each file in the archive that its collector would have written. */
  function inParts(files: Files, archive: (path: string) => string): Files {
    return new Map([...files].map(([path, text]) => [`${archive(path)}/${path}`, text]));
  }

  test("are one snapshot when no machine is in two of them", () => {
    const whole = read(texts());
    const parts = inParts(texts(), (path) => `${/^(?:nodes|hosts)\/([^/]+)/.exec(path)?.[1] ?? "cluster"}.tar`);
    const joined = read(parts);
    expect([...joined.network.hosts.keys()]).toEqual([...whole.network.hosts.keys()]);
    expect(joined.network.links.length).toBe(whole.network.links.length);
    expect(joined.findings.filter(({ code }) => code === "unknown-file")).toEqual([]);
  });
});

test("of nft's two outputs the text counts: its JSON leaves out the options of iptables' matches", () => {
  const text =
    "table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; policy accept;\n\t\ttcp dport 179 counter packets 0 bytes 0 drop\n\t}\n}\n";
  const files = new Map([
    ["nodes/n1/nft-ruleset.json", '{"nftables": [{"metainfo": {"version": "1.0.6"}}]}'],
    ["nodes/n1/nft-ruleset.txt", text],
  ]);
  const { recognised, findings, network } = readSnapshot({ name: "s", files });
  expect(recognised.map(({ path }) => path)).toEqual(["nodes/n1/nft-ruleset.txt"]);
  expect(findings.filter(({ code }) => code === "same-dump-twice").map(({ file }) => file)).toEqual([
    "nodes/n1/nft-ruleset.json",
  ]);
  const input = network.hosts
    .get("n1")
    ?.rulesets.flatMap(({ tables }) => tables.get("filter")?.chains.get("INPUT") ?? []);
  expect(input?.map(({ rules }) => rules.length)).toEqual([1]);
});

import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { tarBytes } from "../readers/archive/tar-bytes.ts";
import { twoNodes } from "../report/two-nodes.ts";
import { ARTICLE, folder, type Outcome, podpath } from "./command.ts";

const PROBE = ["--from", "n1", "--to", "n2"];

async function check(files: Readonly<Record<string, string | Uint8Array>>): Promise<Outcome> {
  return podpath(["check", folder(files)]);
}

/** A file that looks like 200 MB and takes no space. */
function hugeFile(path: string): void {
  const descriptor = openSync(path, "w");
  ftruncateSync(descriptor, 200 * 1024 * 1024);
  closeSync(descriptor);
}

describe("bad input", () => {
  test("a folder that is not there: the nearest that is", async () => {
    const path = folder({ "snapshot/nodes/x": "" });
    const { code, err } = await podpath(["trace", join(path, "snapshott"), ...PROBE]);
    expect(code).toBe(2);
    expect(err).toMatch(
      /there is no file or folder .*snapshott\. Expected a snapshot folder.* Did you mean .*snapshot\?/,
    );
  });

  test("an empty folder", async () => {
    const { code, err } = await check({ ".keep": "" });
    expect(code).toBe(2);
    expect(err).toContain("holds no dump of any machine");
    expect(err).toContain("Expected nodes/<node>/");
  });

  test("a damaged dump: read as far as it goes, with its line", async () => {
    const files = { ...twoNodes(), "nodes/n2/iptables-save.txt": "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tc" };
    const { out, code } = await podpath(["check", folder(files), "--fail-on", "warning"]);
    expect(code).toBe(1);
    expect(out).toContain("nodes/n2/iptables-save.txt:3");
  });

  test("a binary file: named, left out, and nothing else lost", async () => {
    const files = { ...twoNodes(), "nodes/n2/ip-neigh.txt": new Uint8Array([1, 2, 0, 3]) };
    const path = folder(files);
    expect((await podpath(["trace", path, ...PROBE])).code).toBe(0);
    const { code, out } = await podpath(["check", path]);
    expect(code).toBe(1);
    expect(out).toContain("nodes/n2/ip-neigh.txt: the file is not text");
  });

  test("a lone binary file", async () => {
    const path = folder({ "core.bin": new Uint8Array([0x7f, 0x45, 0, 0]) });
    const { code, err } = await podpath(["trace", join(path, "core.bin"), ...PROBE]);
    expect(code).toBe(2);
    expect(err).toContain("the file is not text");
  });

  test("a screenshot, and a PDF: left out, and what to do with what they show", async () => {
    const picture = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]);
    const pdf = new TextEncoder().encode(`%PDF-1.7\n${"1 0 obj <</Type/Catalog>>\n".repeat(400)}`);
    const files = { ...twoNodes(), "nodes/n1/shot.png": picture, "nodes/n2/dump.pdf": pdf };
    const { code, err } = await podpath(["trace", folder(files), ...PROBE]);
    expect(code).toBe(0);
    expect(err).toMatch(/nodes\/n1\/shot\.png: the file is a picture, not text\..*Type what it shows: --fact/);
    expect(err).toMatch(/nodes\/n2\/dump\.pdf: the file is a PDF, not text\..*Copy its text into a file/);
  });

  test("an archive that ends before the machine that is asked for: both are told", async () => {
    const whole = tarBytes(Object.entries(twoNodes()).map(([name, content]) => ({ name: `s/${name}`, content })));
    const cut = whole.slice(0, whole.length / 3);
    const path = join(folder({ "s.tar": cut }), "s.tar");
    const { code, err } = await podpath(["trace", path, "--from", "n1", "--to", "node/n2"]);
    expect(code).toBe(2);
    expect(err).toContain("there is no node/n2");
    expect(err).toContain("[archive-truncated]");
  });

  test("an archive that podpath does not open: how to unpack it", async () => {
    const path = folder({ "snapshot.tar.xz": new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]) });
    const { code, err } = await podpath(["trace", join(path, "snapshot.tar.xz"), ...PROBE]);
    expect(code).toBe(2);
    expect(err).toContain("tar -xf");
  });

  test("compressed rubbish", async () => {
    const path = folder({ "snapshot.tar.gz": gzipSync("x") });
    const { code, err } = await podpath(["trace", join(path, "snapshot.tar.gz"), ...PROBE]);
    expect(code).toBe(2);
    expect(err).toContain("Nothing in the file is known");
  });

  test("UTF-16, as PowerShell writes it, is text", async () => {
    const dump = twoNodes()["nodes/n2/ip-route.txt"] ?? "";
    const bytes = new Uint8Array([0xff, 0xfe, ...new Uint8Array(Buffer.from(dump, "utf16le"))]);
    const { out } = await check({ ...twoNodes(), "nodes/n2/ip-route.txt": bytes });
    expect(out).not.toContain("ip-route.txt:");
  });

  test("a wrong file in the wrong place: what it looks like", async () => {
    const files = twoNodes();
    const { code, out } = await check({ ...files, "nodes/n2/iptables-save.txt": files["nodes/n2/ip-addr.txt"] ?? "" });
    expect(code).toBe(1);
    expect(out.replaceAll(/\s+/g, " ")).toContain(
      "nodes/n2/iptables-save.txt: The content looks like the output of ip addr. Expected the output of iptables-save -c.",
    );
  });

  test("a text that nothing is known of", async () => {
    const { code, err } = await podpath(["check", "-"], "Dear diary,\ntoday the network was down.\n");
    expect(code).toBe(2);
    expect(err).toContain("<stdin>: Nothing in the file is known.");
  });

  test.each(["n2:22", "node/n2:22", "10.9.8.7:22"])("a port behind %s: the option for it", async (endpoint) => {
    const { code, err } = await podpath(["trace", folder(twoNodes()), "--from", "n1", "--to", endpoint]);
    expect(code).toBe(2);
    expect(err).toContain(`The port is an option of its own: ${endpoint.replace(":22", "")} and --port 22.`);
  });

  test("an unknown endpoint: the nearest names", async () => {
    const { code, err } = await podpath(["trace", folder(twoNodes()), "--from", "n1", "--to", "node/n3"]);
    expect(code).toBe(2);
    expect(err).toMatch(/there is no node\/n3.*Did you mean node\/n1 or node\/n2\?/);
  });

  test("a pod without an address", async () => {
    const pod =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: default}\nspec: {nodeName: n1}\nstatus: {phase: Pending}\n";
    const path = folder({ ...twoNodes(), "cluster/pods.yaml": pod });
    const { code, err } = await podpath(["trace", path, "--from", "n1", "--to", "pod/default/p"]);
    expect(code).toBe(2);
    expect(err).toContain("pod/default/p has no address");
    expect((await podpath(["check", path])).out).toContain("pod/default/p has no address");
  });

  test("two machines with one address", async () => {
    const files = twoNodes();
    const { out } = await check({ ...files, "nodes/n2/ip-addr.txt": files["nodes/n1/ip-addr.txt"] ?? "" });
    expect(out).toMatch(/10\.0\.0\.1/);
  });

  test("an interface that no link reaches", async () => {
    const route = "10.7.0.0/24 dev tun9 scope link\n";
    const address = `${twoNodes()["nodes/n1/ip-addr.txt"]}3: tun9: <POINTOPOINT,UP,LOWER_UP> mtu 1400 qdisc noqueue state UNKNOWN\n    link/none\n    inet 10.7.0.1/24 scope global tun9\n`;
    const path = folder({
      ...twoNodes(),
      "nodes/n1/ip-addr.txt": address,
      "nodes/n1/ip-route.txt": route + (twoNodes()["nodes/n1/ip-route.txt"] ?? ""),
    });
    const { code, out } = await podpath(["trace", path, "--from", "n1", "--to", "10.7.0.9"]);
    // whether somebody answers from there, no dump tells
    expect(code).toBe(3);
    expect(out).toContain("left the dumped machines over tun9 of n1");
  });

  test("a file of 200 MB in a snapshot: left out, and fast", async () => {
    const path = folder(twoNodes());
    hugeFile(join(path, "nodes/n1/conntrack.txt"));
    const { code, out, milliseconds } = await podpath(["check", path]);
    expect(code).toBe(1);
    expect(out).toContain("nodes/n1/conntrack.txt: the file has 200 MB; podpath reads up to 64 MB");
    expect(milliseconds).toBeLessThan(3000);
  });

  test("a lone file of 200 MB", async () => {
    const path = folder({});
    hugeFile(join(path, "big.txt"));
    const { code, err, milliseconds } = await podpath(["trace", join(path, "big.txt"), ...PROBE]);
    expect(code).toBe(2);
    expect(err).toContain("the file has 200 MB");
    expect(milliseconds).toBeLessThan(1000);
  });

  test("standard input without end", async () => {
    const chunk = new Uint8Array(8 * 1024 * 1024).fill(65);
    let given = 0;
    const { runCommand } = await import("../../src/cli/program.ts");
    let err = "";
    const code = await runCommand(["check", "-"], {
      stdout: { write: () => true },
      stderr: {
        write: (text) => {
          err += text;
        },
      },
      stdin: (async function* () {
        for (;;) {
          given++;
          yield chunk;
        }
      })(),
      env: {},
    });
    expect(code).toBe(2);
    expect(err).toContain("standard input has more than 64 MB");
    expect(given).toBeLessThan(12);
  });

  test("YAML whose anchors nest to explode", async () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 20; i++) {
      const name = String.fromCharCode(97 + i);
      const before = String.fromCharCode(96 + i);
      bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`);
    }
    const text = `apiVersion: v1\nkind: Pod\n${bomb.join("\n")}\n`;
    const path = folder({ ...twoNodes(), "cluster/pods.yaml": text });
    const { code, out, milliseconds } = await podpath(["check", path]);
    expect(code).toBe(1);
    expect(out).toContain("cluster/pods.yaml");
    expect(out.replaceAll(/\s+/g, " ")).toContain("expand to more values");
    expect(milliseconds).toBeLessThan(3000);
    const scenario = folder({ "scenario.yaml": `apiVersion: podpath/v1\nkind: Scenario\n${bomb.join("\n")}\n` });
    const played = await podpath(["run", scenario]);
    expect(played.code).toBe(2);
    expect(played.err).toMatch(/scenario\.yaml:\d+:\d+: Cannot be read as YAML/);
    expect(played.milliseconds).toBeLessThan(3000);
  });

  test("keys that would pollute prototypes", async () => {
    const pod =
      '{"apiVersion":"v1","kind":"Pod","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"metadata":{"name":"p","namespace":"default"}}';
    const scenario =
      "apiVersion: podpath/v1\nkind: Scenario\n__proto__: {polluted: true}\nmetadata: {name: x}\nnetwork: {snapshot: ./snapshot}\nprobes: [{from: n1, to: n2, __proto__: {polluted: true}}]\n";
    const files = Object.fromEntries(Object.entries(twoNodes()).map(([name, text]) => [`snapshot/${name}`, text]));
    const { code, err } = await podpath([
      "run",
      folder({ ...files, "snapshot/cluster/pod.json": pod, "scenario.yaml": scenario }),
    ]);
    expect(code).toBe(2);
    expect(err).toContain('Nobody reads "__proto__"');
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("links that lead back, links that lead nowhere, and pipes", async () => {
    const path = folder(twoNodes());
    symlinkSync(path, join(path, "nodes", "loop"));
    symlinkSync("nowhere", join(path, "nodes", "n1", "ip-neigh.txt"));
    mkdirSync(join(path, "cluster"));
    symlinkSync("self", join(path, "cluster", "self"));
    spawnSync("mkfifo", [join(path, "nodes", "n1", "conntrack.txt")]);
    const { out, milliseconds } = await podpath(["check", path]);
    expect(out).toContain("2 nodes");
    expect(out).toContain("nodes/n1/ip-neigh.txt: the file cannot be read: it does not exist");
    expect(out).toContain("nodes/n1/conntrack.txt: it is not a regular file");
    expect(milliseconds).toBeLessThan(3000);
  });

  test("an output file that cannot be written", async () => {
    const path = folder(twoNodes());
    const { code, err } = await podpath(["trace", path, ...PROBE, "-o", join(path, "no/such/folder/x")]);
    expect(code).toBe(2);
    expect(err).toContain("cannot write to");
  });
});

describe("bad arguments", () => {
  test.each([
    [["trase", "x"], "(Did you mean trace?)"],
    [["trace", "x", "--form", "y"], "(Did you mean --from?)"],
    [["trace", "x", "y"], "too many arguments"],
    [["trace"], "--from is missing"],
    [["trace", "x", "--kind", "telnet"], "Allowed choices are ping, connect, request, traceroute"],
    [["trace", "x", "--port", "99999"], "Expected a whole number from 1 to 65535."],
    [["trace", "x", "--proto", "quic"], "Expected tcp, udp"],
    [["trace", "x", "--from", "a"], "--to is missing"],
    [["trace", "x", "--from", "a", "--packet", "{}"], "drop --from"],
    [["check", "x", "--fail-on", "sometimes"], "Allowed choices are error, warning, never"],
    [["probe", "-", "--packets", "-"], "cannot both come from standard input"],
    [["check", "x", "--color", "blue"], "Allowed choices are auto, always, never"],
  ])("%j exits 2 and says %j", async (args, message) => {
    const { code, err, out } = await podpath(args);
    expect(err).toContain(message);
    expect(out).toBe("");
    expect(code).toBe(2);
  });

  test("a packet that is no JSON", async () => {
    const { code, err } = await podpath(["trace", folder(twoNodes()), "--packet", "{oops"]);
    expect(code).toBe(2);
    expect(err).toContain("--packet:1: ");
    expect(err).toContain("Expected a JSON object such as");
  });

  test("a defect exits 70 and asks for a report", async () => {
    const { runCommand } = await import("../../src/cli/program.ts");
    let err = "";
    const code = await runCommand(["trace", folder(twoNodes()), ...PROBE], {
      stdout: {
        write: () => {
          throw new Error("the printer is on fire");
        },
      },
      stderr: {
        write: (text) => {
          err += text;
        },
      },
      stdin: (async function* () {})(),
      env: {},
    });
    expect(code).toBe(70);
    expect(err).toContain("has a defect: the printer is on fire");
    expect(err).toContain("Please report it");
  });
});

describe("help", () => {
  test("lists only what exists", async () => {
    const { code, out } = await podpath(["--help"]);
    expect(code).toBe(0);
    for (const command of ["run", "trace", "probe", "check", "collect", "render", "explain"])
      expect(out).toMatch(new RegExp(`^ {2}${command} `, "m"));
    for (const command of ["reach", "why", "diff", "lab"]) expect(out).not.toMatch(new RegExp(`^ {2}${command} `, "m"));
  });

  test("every command knows the common options", async () => {
    for (const command of ["run", "trace", "probe", "check"]) {
      const { code, out } = await podpath([command, "--help"]);
      expect(code).toBe(0);
      for (const option of ["--json", "-o, --output", "--quiet", "--color", "--strict", "--strict-input", "--help"]) {
        expect(out).toContain(option);
      }
    }
  });

  test("says its version", async () => {
    expect((await podpath(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("without a command explains itself and exits 2", async () => {
    const { code, err } = await podpath([]);
    expect(code).toBe(2);
    expect(err).toContain("Usage: podpath");
  });
});

test("a file that a script wrote with CRLF is read like any other", async () => {
  const path = folder(twoNodes());
  writeFileSync(
    join(path, "nodes/n2/ip-route.txt"),
    (twoNodes()["nodes/n2/ip-route.txt"] ?? "").replaceAll("\n", "\r\n"),
  );
  expect((await podpath(["trace", path, ...PROBE])).code).toBe(0);
});

describe("typing errors", () => {
  const DESCRIPTION = `apiVersion: podpath/v1
kind: Snapshot
metadata: {nmae: x}
fabirc:
  segments: []
fabric:
  segments:
    - {name: lan, mtuu: 1500, members: [n1:eth0, n2:eth0]}
  hosts:
    - name: gw
      interfaces: [{name: eth0, adresses: [10.0.0.254/24]}]
      ipforward: true
  routes:
    - {to: 10.9.0.0/16, viaa: 10.0.0.2, via: 10.0.0.2}
`;

  test("in snapshot.yaml are warnings with line, column and the likely name", async () => {
    const { code, out } = await check({ ...twoNodes(), "snapshot.yaml": DESCRIPTION });
    expect(code).toBe(0);
    const words = out.replaceAll(/\s+/g, " ");
    expect(words).toContain('! snapshot.yaml:4:1: Nobody reads "fabirc" (fabirc). Did you mean fabric?');
    expect(words).toContain('snapshot.yaml:3:12: Nobody reads "nmae" (metadata.nmae). Did you mean name?');
    expect(words).toContain('snapshot.yaml:8:19: Nobody reads "mtuu" (fabric.segments[0].mtuu). Did you mean mtu?');
    expect(words).toContain('snapshot.yaml:12:7: Nobody reads "ipforward"');
    const json = await podpath(["check", folder({ ...twoNodes(), "snapshot.yaml": DESCRIPTION }), "--json"]);
    expect(JSON.parse(json.out).findings).toContainEqual(
      expect.objectContaining({ message: 'Nobody reads "viaa" (fabric.routes[0].viaa).', line: 14, column: 25 }),
    );
  });

  test("in snapshot.yaml stop the command with --strict-input", async () => {
    const path = folder({ ...twoNodes(), "snapshot.yaml": DESCRIPTION });
    expect((await podpath(["check", path, "--strict-input"])).code).toBe(2);
  });

  test("in a snapshot.yaml of another kind", async () => {
    const { out } = await check({ ...twoNodes(), "snapshot.yaml": "apiVersion: podpath/v1\nkind: Snapshto\n" });
    expect(out).toContain('snapshot.yaml:2:7: kind is "Snapshto". Expected Snapshot.');
  });

  test("in assume and icmpInner of a packet are errors with the likely name", async () => {
    const packet =
      '{"host":"n1","dst":"10.0.0.2","dts":"10.0.0.2","assume":{"rout":"local"},"icmpInner":{"dst":"10.0.0.1","dprot":80}}';
    const { code, err } = await podpath(["trace", folder(twoNodes()), "--packet", packet]);
    expect(code).toBe(2);
    expect(err).toContain('a packet has no "assume.rout". Did you mean route?');
    expect(err).toContain('a packet has no "icmpInner.dprot". Did you mean dport?');
    expect(err).toContain('a packet has no "dts". Did you mean dst?');
  });

  test("a value of the wrong kind inside assume and icmpInner is named with its path", async () => {
    const packet = '{"host":"n1","dst":"10.0.0.2","assume":{"ctstate":"KNOWN"},"icmpInner":{"dst":"nowhere"}}';
    const { err } = await podpath(["trace", folder(twoNodes()), "--packet", packet]);
    expect(err).toContain('"assume.ctstate" of the packet is not usable. Expected NEW, ESTABLISHED');
    expect(err).toContain('"icmpInner.dst" of the packet is not usable');
    const other = await podpath([
      "trace",
      folder(twoNodes()),
      "--packet",
      '{"host":"n1","dst":"10.0.0.2","icmpInner":3}',
    ]);
    expect(other.err).toContain('"icmpInner" of the packet is not usable');
  });
});

describe("something else than a network", () => {
  const CLUSTER = `${ARTICLE}/bgp-blocked/snapshot/cluster`;

  test("manifests alone: that they make no network, and what does", async () => {
    for (const path of [`${CLUSTER}/services.yaml`, `${CLUSTER}/pods.yaml`]) {
      const asked = ["--from", "pod/default/a", "--to", "pod/default/b"];
      for (const args of [
        ["check", path],
        ["trace", path, ...asked],
      ]) {
        const { code, err } = await podpath(args);
        expect(code).toBe(2);
        expect(err).toMatch(/holds \d+ Kubernetes and Calico objects and no dump of any machine/);
        expect(err).toContain("nothing says which nodes there are. Expected a nodes.yaml or Node objects beside them");
        expect(err.trim().split("\n")).toHaveLength(1);
      }
    }
  });

  test("a folder of manifests: errors name the files as they are there", async () => {
    const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {nodeName: n1}\n";
    const { err } = await check({ "pods.yaml": pod, "broken.yaml": "a: [\n" });
    expect(err).toContain("error: broken.yaml:");
    expect(err).not.toContain("cluster/broken.yaml");
  });

  test("a folder of scenarios: which there are", async () => {
    for (const args of [
      ["check", ARTICLE],
      ["run", ARTICLE],
      ["check", "scenarios"],
      ["trace", ARTICLE, ...PROBE],
    ]) {
      const { code, err } = await podpath(args);
      expect(code).toBe(2);
      expect(err).toContain("is a folder with scenarios in it, and none itself");
      expect(err).toContain(`${ARTICLE}/bgp-blocked or ${ARTICLE}/bgp-blocked-by-reject or `);
      if (args[1] === "scenarios") expect(err).toContain("Did you mean scenarios/debian-firewall or ");
      expect(err.trim().split("\n")).toHaveLength(1);
    }
  });

  test("a folder of snapshots by date", async () => {
    const under = (folderName: string): Readonly<Record<string, string>> =>
      Object.fromEntries(Object.entries(twoNodes()).map(([name, text]) => [`${folderName}/${name}`, text]));
    const path = folder({ ...under("monday"), ...under("tuesday") });
    const { code, err } = await podpath(["check", path]);
    expect(code).toBe(2);
    expect(err).toContain(`is a folder with snapshots in it, and none itself`);
    expect(err).toContain(`Did you mean ${path}/monday or ${path}/tuesday?`);
    expect((await podpath(["check", folder(under("only"))])).code).toBe(0);
  });

  test("the folder of one machine, and the folder of all: the snapshot around them", async () => {
    const path = folder(twoNodes());
    for (const inner of ["nodes/n1", "nodes"]) {
      const { code, err } = await podpath(["check", join(path, inner)]);
      expect(code).toBe(2);
      expect(err).toContain(`Did you mean ${path}?`);
    }
  });

  test("dumps that lie about under names of their own", async () => {
    const { code, out } = await check({ "fw-n1.log": twoNodes()["nodes/n1/iptables-save.txt"] ?? "", notes: "hello" });
    expect(code).toBe(0);
    expect(out).toContain("fw-n1.log → iptables-save of n1");
    expect(out).toContain("Nothing says which machine this is from");
  });

  test("prose that quotes some lines of a dump is no dump", async () => {
    for (const path of ["README.md", `${ARTICLE}/README.md`, "docs/reference/facts.md"]) {
      const { code, err } = await podpath(["check", path]);
      expect(code).toBe(2);
      expect(err).toMatch(/The file is no dump: it is most like the output of .*, and of \d+ lines only \d+ fit\./);
      expect(err.trim().split("\n")).toHaveLength(1);
    }
  });

  test("a dump that is damaged here and there still is one", async () => {
    const lines = (twoNodes()["nodes/n1/ip-addr.txt"] ?? "").split("\n");
    const damaged = lines.flatMap((line, index) => (index % 3 === 0 ? [line, "Hm, what is this?"] : [line])).join("\n");
    expect((await podpath(["check", "-"], damaged)).out).toContain("1 node");
  });
});

describe("many findings", () => {
  const RULES = Array.from({ length: 60 }, (_, index) => `-A INPUT -p tcp stray${index} -j DROP`);
  const DUMP = ["*filter", ":INPUT ACCEPT [0:0]", ...RULES, "COMMIT", ""].join("\n");

  test("are told up to a bound, with the number of the rest, and none hides another", async () => {
    const { out } = await check({
      ...twoNodes(),
      "nodes/n1/iptables-save.txt": DUMP,
      "nodes/n2/ip-route.txt": `${twoNodes()["nodes/n2/ip-route.txt"]}what is this\n`,
    });
    expect(out).toContain('"stray4" belongs to no option');
    expect(out).not.toContain('"stray5" belongs to no option');
    expect(out).toContain("… and 55 more in nodes/n1/iptables-save.txt: --json lists all");
    expect(out).toContain("nodes/n2/ip-route.txt:3");
  });

  test("are all in the JSON", async () => {
    const { out } = await podpath(["check", folder({ ...twoNodes(), "nodes/n1/iptables-save.txt": DUMP }), "--json"]);
    expect(JSON.parse(out).findings.length).toBeGreaterThanOrEqual(60);
  });
});

describe("a snapshot with gaps", () => {
  test("no ip-addr beside ip-link: said, and not taken for addresses that are missing", async () => {
    const { "nodes/n1/ip-addr.txt": addresses = "", ...rest } = twoNodes();
    const links = addresses
      .replaceAll(/^ +(?:inet|valid).*\n/gm, "")
      .replaceAll("group default qlen", "mode DEFAULT group default qlen");
    const { out } = await check({ ...rest, "nodes/n1/ip-link.txt": links });
    expect(out.replaceAll(/\s+/g, " ")).toContain("none of their addresses: there is no ip-addr beside it");
  });

  test("a packet that leaves towards a machine of which nothing is known says which and what to dump", async () => {
    const { "nodes/n2/ip-addr.txt": _, ...rest } = twoNodes();
    const node =
      "apiVersion: v1\nkind: Node\nmetadata: {name: n2}\nstatus: {addresses: [{type: InternalIP, address: 10.0.0.2}]}\n";
    const { out } = await podpath([
      "trace",
      folder({ ...rest, "cluster/nodes.yaml": node }),
      "--from",
      "n1",
      "--to",
      "n2",
    ]);
    expect(out.replaceAll(/\s+/g, " ")).toContain(
      "10.0.0.2 is node/n2, whose interfaces no dump tells (ip -d -s addr > nodes/n2/ip-addr.txt)",
    );
  });

  test("a machine of a segment that was not dumped: where its dumps belong", async () => {
    const description =
      "apiVersion: podpath/v1\nkind: Snapshot\nfabric:\n  segments:\n    - {name: lan, members: [n1:eth0, n2:eth0, n3:eth0]}\n";
    const { out } = await check({ ...twoNodes(), "snapshot.yaml": description });
    expect(out.replaceAll(/\s+/g, " ")).toContain("there is no machine n3. Put its dumps into nodes/n3/");
  });
});

test("a packet without src: the route chooses the source, and the headline says so", async () => {
  const sent = await podpath(["trace", folder(twoNodes()), "--packet", '{"host":"n1","dst":"10.0.0.2"}']);
  expect(sent.out).toContain("icmp <source chosen by the route> > 10.0.0.2 echo request");
  const v6 = await podpath([
    "trace",
    folder(twoNodes()),
    "--packet",
    '{"host":"n1","dst":"2001:db8::1","proto":"tcp","dport":80}',
  ]);
  expect(v6.out).toContain("tcp <source chosen by the route>:40000 > [2001:db8::1]:80");
  const arriving = await podpath([
    "trace",
    folder(twoNodes()),
    "--packet",
    '{"host":"n1","interface":"eth0","dst":"10.0.0.1"}',
  ]);
  expect(arriving.out).toContain("icmp 0.0.0.0 (no src was given) > 10.0.0.1");
});

import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { podpath } from "../command.ts";
import { collect, indexOf, SHELLS, scratch, toolFolder } from "./collector.ts";

const ROUTES = "default via 10.0.0.1 dev eth0 \n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2 \n";
/** A stand-in for `ip` that answers for the routes of main and nothing else. */
const IP = `case "$*" in '-4 route show table all') printf '${ROUTES.replaceAll("\n", "\\n")}' ;; *) echo "Object \\"$1\\" is \\\\ unknown" >&2; exit 2 ;; esac`;

describe("podpath collect", () => {
  it("never starts a command that could change the machine", async () => {
    const { out } = await podpath(["collect"]);
    const writes =
      /\b(?:ip|ipset|nft|conntrack|sysctl|iptables\S*) (?:-\S+ )*(?:add|del|set|flush|create|destroy|-A|-D|-F|-w|-I)\b/;
    expect(out.split("\n").filter((line) => !/^\s*#/.test(line) && writes.test(line))).toEqual([]);
  });

  it("prints a script that begins with its interpreter and has the options in it", async () => {
    const plain = await podpath(["collect"]);
    const set = await podpath(["collect", "--max-bytes", "4096", "--timeout", "3", "--no-pods", "--no-conntrack"]);
    expect(plain.code).toBe(0);
    expect(plain.out).toMatch(/^#!\/bin\/sh\n/);
    const settings = (text: string): readonly string[] =>
      [...text.matchAll(/^(?:max_bytes|timeout|pods|conntrack)=\S+/gm)].map(([line]) => line);
    expect(settings(plain.out)).toEqual(["max_bytes=16777216", "timeout=10", "pods=yes", "conntrack=yes"]);
    expect(settings(set.out)).toEqual(["max_bytes=4096", "timeout=3", "pods=no", "conntrack=no"]);
  });

  it("refuses what is no number", async () => {
    expect((await podpath(["collect", "--timeout", "soon"])).code).toBe(2);
    const { status, stderr } = await collect([], toolFolder({}), { args: ["--timeout", "soon"] });
    expect({ status, stderr }).toEqual({ status: 2, stderr: "podpath collect: --timeout wants a whole number\n" });
  });
});

describe("the namespaces of pods", () => {
  for (const shell of SHELLS) {
    it(`${shell.join(" ")}: are all numbers that the kernel gives namespaces, and no others`, async () => {
      const namespaces = [
        4_026_531_840, 4_026_539_999, 4_026_540_000, 4_026_600_000, 4_027_000_000, 4_100_000_000, 4_294_967_295,
      ];
      const others = [7, 402_653_184, 4_026_529_999, 4_020_000_000, 999_999_999, 40_265_318_400];
      const listed = [...namespaces, ...others].map((number, index) => `${number} /run/netns/s${index}\n`).join("");
      const standIns = {
        ls: `case "$*" in -Lid*) printf '${listed}' ;; *ns/net*) exit 0 ;; *) exec /bin/ls "$@" ;; esac`,
        // Nothing more is asked of one that cannot be entered, and its number is noted.
        nsenter: "exit 1",
      };
      const tools = toolFolder(standIns, ["ls"]);
      const { files } = await collect([], tools, { shell, args: ["--name", "n1"] });
      const read = [...(files.get("nodes/n1/index.json") ?? "").matchAll(/network namespace (\d+) \(/g)].map(
        ([, number]) => Number(number),
      );
      expect([...new Set(read)].sort((x, y) => x - y)).toEqual(namespaces);
    });
  }
});

const hasShellcheck = spawnSync("shellcheck", ["--version"]).error === undefined;

describe.skipIf(!hasShellcheck)("shellcheck", () => {
  for (const options of [[], ["--cluster"]]) {
    it(`finds nothing in the script of ${options.length === 0 ? "a node" : "a cluster"}`, async () => {
      const script = join(scratch(), "collect.sh");
      writeFileSync(script, (await podpath(["collect", ...options])).out);
      expect(spawnSync("shellcheck", ["-s", "sh", script], { encoding: "utf8" }).stdout).toBe("");
    });
  }
});

describe("the script of a node", () => {
  for (const shell of SHELLS) {
    it(`${shell.join(" ")}: writes what it got, and says what it did not`, async () => {
      const tools = toolFolder({ ip: IP, nft: "exit 0" });
      const collected = await collect(["--no-pods"], tools, { shell, args: ["--name", "n1"] });
      expect(collected.status).toBe(0);
      expect(collected.files.get("nodes/n1/ip-route.txt")).toBe(ROUTES);
      expect(collected.files.get("nodes/n1/nft-ruleset.txt")).toBe("");
      expect(collected.files.has("nodes/n1/ip-rule.txt")).toBe(false);
      const index = indexOf(collected);
      expect(indexOf(collected, "nodes/n1/index.json")).toEqual(index);
      expect(index.machine).toBe("nodes/n1");
      expect(index.files.find(({ file }) => file.endsWith("ip-route.txt"))).toEqual({
        file: "nodes/n1/ip-route.txt",
        command: "ip -4 route show table all",
        exitStatus: 0,
        stderr: "",
        bytes: ROUTES.length,
        truncated: false,
      });
      expect(index.missing.find(({ file }) => file.endsWith("ip-rule.txt"))).toEqual({
        file: "nodes/n1/ip-rule.txt",
        command: "ip -4 rule",
        exitStatus: 2,
        stderr: 'Object "-4" is \\ unknown\nObject "rule" is \\ unknown',
        reason: "the command failed",
      });
      expect(index.missing.find(({ file }) => file.endsWith("sockets.txt"))?.reason).toBe("no such command here");
    });
  }

  it("ends commands that do not, with timeout(1) and without it", async () => {
    const ends = async (without: readonly string[]): Promise<void> => {
      const tools = toolFolder({ nft: "echo begun; exec sleep 60", ss: "exec sleep 60" }, without);
      const before = performance.now();
      const collected = await collect(["--no-pods", "--timeout", "1"], tools, { args: ["--name", "n1"] });
      // before they would have ended by themselves
      expect(performance.now() - before).toBeLessThan(50_000);
      expect(collected.files.get("nodes/n1/nft-ruleset.txt")).toBe("begun\n");
      const index = indexOf(collected);
      const { exitStatus } = index.files.find(({ file }) => file.endsWith("nft-ruleset.txt")) ?? {};
      expect([124, 137, 143]).toContain(exitStatus);
      const sockets = index.missing.find(({ file }) => file.endsWith("sockets.txt"));
      expect(sockets?.reason).toBe("no answer within 1 seconds");
    };
    await Promise.all([ends([]), ends(["timeout"])]);
  });

  it("cuts what is too large, and ends as a whole after a while", async () => {
    const endless = "while :; do echo 0123456789012345678901234567890123456789; done";
    const tools = toolFolder({ nft: endless, nstat: "printf '%5000s' x", ss: "printf '%4096s' x" });
    const [cut, full, late] = await Promise.all([
      collect(["--no-pods", "--max-bytes", "4096", "--timeout", "2"], tools, { args: ["--name", "n1"] }),
      collect(["--no-pods", "--timeout", "1"], tools, { args: ["--name", "n1", "--max-total-bytes", "4500"] }),
      collect(["--no-pods"], tools, { args: ["--name", "n1", "--max-seconds", "0"] }),
    ]);
    const sizes = new Map(indexOf(cut).files.map(({ file, bytes, truncated }) => [file, [bytes, truncated]]));
    for (const file of ["nft-ruleset.txt", "nstat.txt"]) {
      expect(cut.files.get(`nodes/n1/${file}`)?.length).toBe(4096);
      expect(sizes.get(`nodes/n1/${file}`)).toEqual([4096, true]);
    }
    expect(sizes.get("nodes/n1/sockets.txt")).toEqual([4096, false]);
    expect(indexOf(full).missing.some(({ reason }) => reason === "left out: the snapshot has reached 4500 bytes")).toBe(
      true,
    );
    expect(indexOf(late).missing.some(({ reason }) => reason === "not run: 0 seconds are over")).toBe(true);
  });

  it("runs where there is nothing but the basic tools, and its tar is one for any name", async () => {
    const check = async (name: string): Promise<void> => {
      const collected = await collect([], toolFolder({}), { args: ["--name", name] });
      expect(collected.status).toBe(0);
      const folder = name.replace(/[/ ]/g, "_");
      expect(collected.files.has(`nodes/${folder}/versions.txt`)).toBe(true);
      expect(collected.tar.length % 512).toBe(0);
    };
    await Promise.all(["n", "n".repeat(90), "n".repeat(110), "a/b c", "n".repeat(230)].map(check));
  });

  it("gathers what a snapshot reads, without a finding about the index", async () => {
    const { files } = await collect(["--no-pods"], toolFolder({ ip: IP }), { args: ["--name", "n1"] });
    const { findings, network } = readSnapshot({ name: "t", files });
    expect([...network.hosts.keys()]).toEqual(["n1"]);
    expect(findings.filter(({ code }) => code === "unknown-file")).toEqual([]);
  });
});

/** A process called `bird` whose arguments name these files. */
function bird(config: string, more: readonly string[] = []): string {
  const folder = scratch();
  const file = join(folder, "bird.cfg");
  writeFileSync(file, config);
  const program = join(folder, "bird");
  writeFileSync(program, "#!/bin/sh\nsleep 60 & wait\n");
  chmodSync(program, 0o755);
  const child = spawn(
    program,
    ["-R", "-s", join(folder, "bird.ctl"), "-c", file, "--token=PLANTED-argument", ...more],
    {
      env: { ...process.env, SECRET: "PLANTED-environment" },
      stdio: "ignore",
      detached: true,
    },
  );
  onTestFinished(() => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  });
  writeFileSync(join(folder, "aggr.cfg"), 'protocol static { }\npassword "PLANTED-included";\n');
  return folder;
}

describe("BIRD's configuration", () => {
  it("is read from plain files only, and its odd names do not spoil the index", async () => {
    const includes = ["pipe", "link", "aggr.cfg", "/dev/zero", "missing"].map((name) => `include "${name}";`);
    const folder = bird(["router id 10.0.0.1;", ...includes, "debug all;"].join("\n"), ["-s", 'a"b\\c.ctl']);
    spawnSync("mkfifo", [join(folder, "pipe")]);
    symlinkSync("/etc/hostname", join(folder, "link"));
    const collected = await collect(["--no-pods", "--timeout", "2"], toolFolder({ birdcl: "echo no >&2; exit 1" }), {
      args: ["--name", "n1"],
    });
    const config = collected.files.get("nodes/n1/bird.cfg") ?? "";
    expect(config).toContain("protocol static { }");
    expect(config.split("\n").filter((line) => !/^#|^$/.test(line))).toEqual([
      "router id 10.0.0.1;",
      "protocol static { }",
      'password "(redacted)";',
      "debug all;",
    ]);
    const index = indexOf(collected);
    const entry = index.files.find(({ file }) => file === "nodes/n1/bird.cfg");
    expect(entry?.stderr.match(/not read: no plain file/g)?.length).toBe(4);
    const sessions = index.missing.find(({ file }) => file === "nodes/n1/birdc-protocols.txt");
    expect(sessions?.command).toContain('a"b\\c.ctl show protocols all');
  });
});

describe("secrets", () => {
  it("of sysctls, BIRD's configuration, arguments and environments stay on the node", async () => {
    const lines = [
      "net.ipv4.ip_forward = 1",
      "net.ipv4.tcp_fastopen_key = PLANTED-1",
      "net.ipv6.conf.all.stable_secret = PLANTED-2",
      "net.ipv6.conf.eth0/100.stable_secret = PLANTED-3",
      "net.core.netdev_rss_key = PLANTED-4",
      "net.ipv4.conf.secret0.rp_filter = 1",
      "kernel.random.boot_id = PLANTED-5",
    ];
    const sysctl = `cat <<'END'\n${lines.join("\n")}\nEND`;
    bird(
      [
        "router id 10.0.0.1;",
        'include "aggr.cfg";',
        'protocol bgp a { neighbor 10.0.0.2 as 1; password "PLANTED-6"; }',
        '# password "PLANTED-7"',
        "protocol bgp b { password",
        '  "PLANTED-8"; }',
        "protocol bgp c { password 'PLANTED-9'; password PLANTED-10; }",
        'authentication ao; keys { key { id 1; secret "PLANTED-11"; } }',
        'protocol ospf { interface "eth0" { password "PLANTED-12" { id 1; }; passwords { password "PLANTED-13"; }; }; }',
        "debug all;",
      ].join("\n"),
    );
    const tools = toolFolder({ sysctl, wg: "echo PLANTED-14", kubectl: "echo PLANTED-15" });
    const collected = await collect(["--no-pods"], tools, { args: ["--name", "n1"] });
    expect(collected.tar.toString("latin1")).not.toContain("PLANTED");
    const config = collected.files.get("nodes/n1/bird.cfg") ?? "";
    expect(config).toContain("router id 10.0.0.1;\n");
    expect(config).toContain("protocol static { }\n");
    expect(config).toContain('neighbor 10.0.0.2 as 1; password "(redacted)"; }\n');
    expect(config).toMatch(/debug all;\n$/);
    expect(collected.files.get("nodes/n1/sysctl.txt")).toBe(
      [
        "net.ipv4.ip_forward = 1",
        "net.ipv4.tcp_fastopen_key = (redacted)",
        "net.ipv6.conf.all.stable_secret = (redacted)",
        "net.ipv6.conf.eth0/100.stable_secret = (redacted)",
        "net.core.netdev_rss_key = (redacted)",
        "net.ipv4.conf.secret0.rp_filter = 1",
        "",
      ].join("\n"),
    );
  });

  it("after the word password never get through, whatever stands around them", async () => {
    const { out } = await podpath(["collect"]);
    const folder = scratch();
    mkdirSync(join(folder, "t"));
    const start = out.indexOf("redact_bird() {");
    const script = join(folder, "redact.sh");
    writeFileSync(script, `${out.slice(start, out.indexOf("\n}", start) + 2)}\nredact_bird\n`);
    const around = fc.constantFrom("", "  ", "\t", "{ ", "; ", "# ", "x", 'description "y"; ');
    const value = fc.constantFrom(
      '"PLANTED"',
      "'PLANTED'",
      "PLANTED",
      '"a PLANTED b"',
      '"PLANTED',
      '"x;PLANTED"',
      '"{PLANTED"',
    );
    const between = fc.constantFrom(" ", "  ", "\t", "\n", " \n  ");
    const line = fc.tuple(
      around,
      fc.constantFrom("password", "secret"),
      between,
      value,
      fc.constantFrom(";", " ;", "", "; }"),
    );
    const texts = fc.sample(fc.array(line, { maxLength: 5 }), { numRuns: 300, seed: 1 });
    const text = texts.map((lines) => lines.map((parts) => parts.join("")).join("\n")).join("\n");
    const done = spawnSync("sh", [script], { input: `${text}\n`, encoding: "utf8" });
    expect(done.stdout.split("\n").filter((one) => one.includes("PLANTED"))).toEqual([]);
    expect(readFileSync(script, "utf8")).toContain("sed");
  });
});

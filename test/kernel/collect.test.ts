import { execFileSync, type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readArchive } from "../../src/cli/read-archive.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { podpath } from "../cli/command.ts";
import { kernelAvailable } from "./harness/kernel-available.ts";

const available = await kernelAvailable();

const NAME = `ppc-${process.pid}`;
const NODE = `${NAME}n`;
/** Pods of the node: by the cgroup of a process, by its host name, and one that nobody names. */
const PODS = [
  { space: `${NAME}a`, address: "10.66.0.2", host: "other-name", uid: "7b1f3a52-1111-4222-8333-944455556666" },
  { space: `${NAME}b`, address: "10.66.0.3", host: "web-0", uid: "7b1f3a52-1111-4222-8333-944455557777" },
  { space: `${NAME}c`, address: "10.66.0.4", host: "elsewhere", uid: "" },
];
const FASTOPEN = "01234567-89abcdef-01234567-89abcdef";
const STABLE = "2001:db8:bad:cafe:1:2:3:4";
const SHELLS = [["dash"], ["bash"], ["busybox", "ash"], ["mksh"]].filter(
  ([program = ""]) => spawnSync(program, ["-c", "true"]).error === undefined,
);

function run(command: string): string {
  return execFileSync("sh", ["-ec", command], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Process 1 of the node. */
let init = "";
/** A folder of cgroups, where the machine lets one be made. */
let cgroup = "";
let script = "";
let scratch = "";

/** A command as a process of the node, in its network namespace or a pod's. */
function inNode(command: readonly string[], space = NODE): readonly string[] {
  const spaces = ["mount=mnt", "uts=uts", "pid=pid"].map((pair) => {
    const [option = "", kind = ""] = pair.split("=");
    return `--${option}=/proc/${init}/ns/${kind}`;
  });
  return [...spaces, `--net=/run/netns/${space}`, "--", ...command];
}

function collect(shell: readonly string[], args: readonly string[] = []): SpawnSyncReturns<Buffer> {
  return spawnSync("nsenter", [...inNode([...shell, script, ...args])], { maxBuffer: 2 ** 28, timeout: 300_000 });
}

async function filesOf(tar: Buffer): Promise<ReadonlyMap<string, string>> {
  async function* bytes(): AsyncIterable<Uint8Array> {
    yield tar;
  }
  const { files, findings } = await readArchive(bytes(), "node.tar", undefined);
  expect(findings).toEqual([]);
  return new Map(
    [...files].map(([path, file]) => {
      const text = file.read();
      if (typeof text !== "string") throw new Error(`${path}: ${text.problem.message}`);
      return [path, text];
    }),
  );
}

function makeCgroup(): void {
  for (const root of ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"]) {
    try {
      mkdirSync(join(root, NAME));
      mkdirSync(join(root, NAME, `kubepods-burstable-pod${PODS[0]?.uid.replaceAll("-", "_")}.slice`));
      cgroup = join(root, NAME);
      return;
    } catch {
      rmSync(join(root, NAME), { recursive: true, force: true });
    }
  }
}

async function buildNode(): Promise<void> {
  scratch = mkdtempSync(join(tmpdir(), "podpath-collect-"));
  script = join(scratch, "collect.sh");
  writeFileSync(script, (await podpath(["collect"])).out);
  run(`chmod 755 ${scratch}; chmod 644 ${script}; ip netns add ${NODE}; ip -n ${NODE} link set lo up`);
  const child = spawn(
    "nsenter",
    [
      `--net=/run/netns/${NODE}`,
      ..."-- unshare --mount --propagation private --uts --pid --fork --kill-child --mount-proc -- sh -c".split(" "),
      `hostname node-a; mount -t tmpfs none /run; mount -t tmpfs none /var/log; mkdir -p /run/netns /var/log/pods;
       touch /run/ready; exec sleep 3600`,
    ],
    { stdio: "ignore", detached: true },
  );
  for (let tries = 0; tries < 200 && init === ""; tries++) {
    await new Promise((done) => setTimeout(done, 50));
    const [first = ""] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").split(" ");
    if (first !== "" && spawnSync("test", ["-e", `/proc/${first}/root/run/ready`]).status === 0) init = first;
  }
  run(`ip netns exec ${NODE} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.default.stable_secret=${STABLE}`);
  run(`ip netns exec ${NODE} sysctl -qw net.ipv4.tcp_fastopen_key=${FASTOPEN}`);
  run(
    `ip -n ${NODE} link add br0 type bridge; ip -n ${NODE} address add 10.0.0.1/24 dev br0; ip -n ${NODE} link set br0 up`,
  );
  run(`ip netns exec ${NODE} iptables-nft -A INPUT -p tcp --dport 179 -j DROP`);
  run(`ip netns exec ${NODE} iptables-legacy -A FORWARD -s 10.9.9.9 -j DROP`);
  run(`ip netns exec ${NODE} ipset create some hash:ip; ip netns exec ${NODE} ipset add some 10.1.1.1`);
  makeCgroup();
  for (const [index, { space, address, host, uid }] of PODS.entries()) {
    run(`ip netns add ${space}; ip -n ${space} link set lo up`);
    run(
      `ip -n ${space} link add eth0 type veth peer name cali${index} netns ${NODE}; ip -n ${NODE} link set cali${index} up`,
    );
    run(`ip -n ${space} address add ${address}/32 dev eth0; ip -n ${space} link set eth0 up`);
    run(`ip -n ${NODE} route add ${address} dev cali${index} scope link`);
    // the shell stays, and with it the argument
    const program = `hostname ${host}; sleep 3600; true`;
    const args = inNode(["unshare", "--uts", "sh", "-c", program, "--token=PLANTED-argument"], space);
    const wrapped = index === 0 && cgroup !== "" ? inCgroup(args) : ["nsenter", ...args];
    const [command = "", ...words] = wrapped;
    spawn(command, words, {
      stdio: "ignore",
      detached: true,
      env: { ...process.env, PASSWORD: "PLANTED-environment" },
    });
    if (uid !== "") {
      const pod = index === 0 ? "shop_by-cgroup" : `data_${host}`;
      run(`nsenter ${inNode(["mkdir", `/var/log/pods/${pod}_${uid}`]).join(" ")}`);
    }
  }
  run(`nsenter ${inNode(["sh", "-c", "'echo token: PLANTED-kubeconfig > /run/kubelet.conf'"]).join(" ")}`);
  await new Promise((done) => setTimeout(done, 500));
}

/** The command in the pod's cgroup, as a container runtime starts it. */
function inCgroup(args: readonly string[]): readonly string[] {
  const [folder = ""] = readdirSync(cgroup).filter((name) => name.startsWith("kubepods"));
  return ["sh", "-c", `echo $$ > ${join(cgroup, folder, "cgroup.procs")}; exec nsenter "$@"`, "sh", ...args];
}

describe.skipIf(!available)("the collector, on what looks like a node", () => {
  beforeAll(buildNode, 120_000);
  afterAll(async () => {
    if (init !== "") process.kill(Number(init), "SIGKILL");
    await new Promise((done) => setTimeout(done, 300));
    for (const space of [NODE, ...PODS.map((pod) => pod.space)]) spawnSync("ip", ["netns", "delete", space]);
    if (cgroup !== "") {
      for (const entry of readdirSync(cgroup, { withFileTypes: true })) {
        if (entry.isDirectory()) rmdirSync(join(cgroup, entry.name));
      }
      rmdirSync(cgroup);
    }
    rmSync(scratch, { recursive: true, force: true });
  });

  for (const shell of SHELLS) {
    it(`${shell.join(" ")}: gathers the node and its pods, each under its name, and no secret`, async () => {
      const { status, stdout, stderr } = collect(shell);
      expect(stderr.toString()).toMatch(/^podpath collect: nodes\/node-a: \d+ files, \d+ bytes; 0 could not be got/);
      expect(status).toBe(0);
      const tar = stdout.toString("latin1");
      for (const secret of ["PLANTED", FASTOPEN, STABLE, "2001:0db8:0bad:cafe"]) expect(tar).not.toContain(secret);
      const files = await filesOf(stdout);
      const file = (name: string): string | undefined => files.get(`nodes/node-a/${name}`);
      expect(file("ip-route.txt")).toBe(run(`ip netns exec ${NODE} ip -4 route show table all`));
      expect(file("iptables-nft-save.txt")).toContain("-A INPUT -p tcp -m tcp --dport 179 -j DROP");
      expect(file("iptables-legacy-save.txt")).toContain("-A FORWARD -s 10.9.9.9/32 -j DROP");
      expect(file("ipset-save.txt")).toContain("add some 10.1.1.1");
      expect(file("sysctl.txt")).toContain("net.ipv6.conf.default.stable_secret = (redacted)\n");
      expect(file("sysctl.txt")).toContain("net.ipv4.tcp_fastopen_key = (redacted)\n");
      const first = cgroup === "" ? "10.66.0.2" : "shop_by-cgroup";
      const pods = new Set([...files.keys()].flatMap((path) => /\/netns\/([^/]+)\//.exec(path)?.[1] ?? []));
      expect([...pods].sort()).toEqual([first, "data_web-0", "10.66.0.4"].sort());
      expect(file("netns/data_web-0/ip-addr.txt")).toContain("inet 10.66.0.3/32");
      const { network, findings } = readSnapshot({ name: "node", files });
      const named = cgroup === "" ? "pod/?/10.66.0.2" : "pod/shop/by-cgroup";
      expect([...network.hosts.keys()].sort()).toEqual(["node-a", "pod/?/10.66.0.4", "pod/data/web-0", named].sort());
      expect(network.links.filter((link) => link.members.some(({ host }) => host === "node-a")).length).toBe(3);
      expect(findings.filter(({ severity }) => severity !== "info")).toEqual([]);
    });
  }

  it("leaves everything as it was: no table, no file", () => {
    const before = (): string =>
      [NODE, ...PODS.map((pod) => pod.space)]
        .flatMap((space) => [
          run(`ip netns exec ${space} nft list tables`),
          run(`ip netns exec ${space} cat /proc/net/ip_tables_names /proc/net/ip6_tables_names`),
          run(`ip netns exec ${space} ip -o address`),
          run(`ip netns exec ${space} iptables-nft-save`).replace(/^#.*$/gm, ""),
        ])
        .concat(run(`nsenter ${inNode(["find", "/run", "/var/log"]).join(" ")}`))
        .concat(run("ls /tmp | grep ^podpath[.] || true"))
        .join("\n");
    const was = before();
    expect(collect(["sh"]).status).toBe(0);
    expect(before()).toBe(was);
  });

  it("an ordinary user gets what there is to see, and the reasons for the rest", async () => {
    const user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh"];
    const { status, stdout } = collect(user);
    expect(status).toBe(0);
    const files = await filesOf(stdout);
    expect(files.get("nodes/node-a/ip-addr.txt")).toContain("inet 10.0.0.1/24");
    expect([...files.keys()].filter((path) => path.includes("/netns/"))).toEqual([]);
    const index: { missing: { file: string; stderr: string }[]; notes: string[] } = JSON.parse(
      files.get("index.json") ?? "",
    );
    const refused = index.missing.find(({ file }) => file === "nodes/node-a/iptables-nft-save.txt");
    expect(refused?.stderr).toMatch(/ermi(?:ssion|tted)/);
    expect(index.notes.some((note) => note.startsWith("not run as root"))).toBe(true);
    const { network } = readSnapshot({ name: "node", files });
    expect(network.hosts.get("node-a")?.knowledge.get("rules")).toBe("unknown");
  });

  it("goes without the pods and the connections when told so", async () => {
    const files = await filesOf(collect(["sh"], ["--no-pods", "--no-conntrack", "--host", "--name", "gw"]).stdout);
    expect([...files.keys()].every((path) => /^(?:hosts\/gw\/[^/]+|index\.json)$/.test(path))).toBe(true);
    expect(files.has("hosts/gw/conntrack.txt")).toBe(false);
    expect(files.has("hosts/gw/ip-addr.txt")).toBe(true);
  });
});

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Host, host } from "../../src/model/host.ts";
import { interfaceAddress, networkInterface } from "../../src/model/interface.ts";
import { originTable } from "../../src/model/origin.ts";
import { parseAddress } from "../../src/net/address.ts";
import { runCommand } from "../../src/readers/commands/run-command.ts";
import { printRoute } from "../../src/readers/ip/print-route.ts";
import { readRoutes } from "../../src/readers/ip/route.ts";
import { printRuleset } from "../../src/readers/iptables/print.ts";
import { readIptablesSave } from "../../src/readers/iptables/save.ts";
import { kernelAvailable } from "./harness/kernel-available.ts";

/** The number keeps parallel runs apart. */
const HOME = `ppc-${process.pid}`;
const SEQUENCES = 60;

const available = await kernelAvailable();
const origins = originTable();

function inside(...words: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync("ip", ["netns", "exec", HOME, ...words], { encoding: "utf8" });
  return { status, output: `${stdout}${stderr}` };
}

/** The rules of the family without counters, as both print them; empty tables say nothing. */
function rules(text: string, backend: "legacy" | "nft"): string {
  const { rulesets } = readIptablesSave({ text, file: "dump", family: 4, backend }, origins);
  return rulesets
    .map((ruleset) => printRuleset(ruleset))
    .join("")
    .replaceAll(/ \[\d+:\d+\]/g, "")
    .replaceAll(/^\*.*\n(?::\w+ ACCEPT\n)*COMMIT\n/gm, "");
}

const chain = fc.constantFrom("INPUT", "FORWARD", "one", "two");
const spec = fc.constantFrom(
  "-p tcp --dport 179 -j ACCEPT",
  "-p tcp -m multiport --dports 22,6443 -j DROP",
  "-i lo -j ACCEPT",
  "-s 10.0.0.0/8 -j one",
  "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
  "-j two",
  "-s 10.0.0.1,10.0.0.2 -j RETURN",
);
const number = fc.integer({ min: 0, max: 4 });
const command = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(chain, spec).map(([name, rest]) => `-A ${name} ${rest}`) },
  { weight: 3, arbitrary: fc.tuple(chain, number, spec).map(([name, at, rest]) => `-I ${name} ${at} ${rest}`) },
  { weight: 2, arbitrary: fc.tuple(chain, spec).map(([name, rest]) => `-I ${name} ${rest}`) },
  { weight: 2, arbitrary: fc.tuple(chain, spec).map(([name, rest]) => `-D ${name} ${rest}`) },
  { weight: 1, arbitrary: fc.tuple(chain, number).map(([name, at]) => `-D ${name} ${at}`) },
  { weight: 1, arbitrary: fc.tuple(chain, number, spec).map(([name, at, rest]) => `-R ${name} ${at} ${rest}`) },
  { weight: 1, arbitrary: chain.map((name) => `-F ${name}`) },
  { weight: 2, arbitrary: fc.constantFrom("-N one", "-N two", "-X one", "-X two") },
  { weight: 1, arbitrary: fc.tuple(chain, fc.constantFrom("ACCEPT", "DROP")).map(([name, to]) => `-P ${name} ${to}`) },
);

const FILES = [
  "*filter\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n",
  "*filter\n-A INPUT -p udp -j DROP\nCOMMIT\n",
  "*filter\n:one - [0:0]\n-A one -j DROP\n-A FORWARD -j one\nCOMMIT\n",
  "*filter\n-A one -p tcp -j ACCEPT\nCOMMIT\n",
];

describe.skipIf(!available)("commands that people type", () => {
  let folder = "";
  beforeAll(() => {
    execFileSync("ip", ["netns", "add", HOME]);
    folder = mkdtempSync(join(tmpdir(), "podpath-commands-"));
    for (const [index, text] of FILES.entries()) writeFileSync(join(folder, `${index}.rules`), text);
  });
  afterAll(() => {
    execFileSync("ip", ["netns", "del", HOME]);
    rmSync(folder, { recursive: true });
  });

  const restore = fc
    .tuple(fc.nat(FILES.length - 1), fc.boolean())
    .map(([index, keeps]) => `-restore ${keeps ? "--noflush " : ""}${index}.rules`);

  for (const backend of ["legacy", "nft"] as const) {
    test(`change ${backend} rules as the real program does, and are refused where it refuses`, () => {
      const words = fc.array(fc.oneof({ weight: 6, arbitrary: command }, { weight: 1, arbitrary: restore }), {
        minLength: 1,
        maxLength: 10,
      });
      fc.assert(
        fc.property(words, (typed) => {
          inside(
            "sh",
            "-c",
            `for t in $(iptables-${backend}-save | sed -n 's/^\\*//p'); do iptables-${backend} -t $t -F; iptables-${backend} -t $t -X; done; for c in INPUT FORWARD OUTPUT; do iptables-${backend} -P $c ACCEPT; done`,
          );
          let machine = host({ name: "n1" });
          for (const one of typed) {
            const isRestore = one.startsWith("-restore");
            const line = isRestore ? `iptables-${backend}${one}` : `iptables-${backend} ${one}`;
            const real = inside("sh", "-c", isRestore ? `cd ${folder} && ${line}` : line);
            const result = runCommand(line, machine, {
              origins,
              origin: 0,
              file: (path) => FILES[Number.parseInt(path, 10)] ?? null,
            });
            const own = "problem" in result ? `refused: ${result.problem}` : "taken";
            expect(`${line}: ${own.slice(0, 7)}`, real.output).toBe(
              `${line}: ${real.status === 0 ? "taken" : "refused"}`,
            );
            if ("host" in result) machine = result.host;
          }
          const save = inside(`iptables-${backend}-save`).output;
          const known = machine.rulesets.map((ruleset) => printRuleset(ruleset)).join("");
          expect(rules(known, backend)).toBe(rules(save, backend));
        }),
        { numRuns: SEQUENCES, seed: 1 },
      );
    });
  }

  test("take a device down and routes away as the kernel does", () => {
    const lines = [
      "ip link set dev d1 down",
      "ip route add 10.9.0.0/16 via 10.1.0.9",
      "ip route del 10.8.0.0/16",
      "ip route add 10.7.0.0/16 dev d2",
      "ip route replace 10.7.0.0/16 via 10.2.0.9",
      "ip route del 10.7.0.0/16 via 10.2.0.8",
      "ip route add 10.6.0.0/16 dev d2 src 10.99.0.9",
      "ip route add 10.6.0.0/16 dev d2 src 10.2.0.1",
      "ip route add unreachable 10.5.0.0/16 src 10.99.0.9",
    ];
    makeDevices();
    inside("ip", "route", "add", "10.8.0.0/16", "via", "10.1.0.9");
    let machine = machineOf();
    for (const line of lines) {
      const real = inside("sh", "-c", line);
      const result = runCommand(line, machine, { origins, origin: 0, file: () => null });
      expect(`${line}: ${"host" in result ? "taken" : "refused"}`).toBe(
        `${line}: ${real.status === 0 ? "taken" : "refused"}`,
      );
      if ("host" in result) machine = result.host;
      expect(main(machine), line).toEqual(main(machineOf()));
    }
  });

  test("refuse scopes that do not go with the type or the gateway of a route, in the kernel's words", () => {
    makeDevices();
    const machine = machineOf();
    const told = new Set<string>();
    for (const type of ["unicast", "local", "broadcast", "anycast", "multicast"]) {
      for (const way of ["dev d2", "via 10.2.0.9", "via 10.2.0.9 dev d2 onlink"]) {
        for (const scope of ["", "scope global", "scope site", "scope link", "scope host", "scope nowhere"]) {
          const line = `ip route add ${type} 10.77.0.0/16 ${way} ${scope}`;
          const real = inside("sh", "-c", line);
          if (real.status === 0) inside("sh", "-c", line.replace("add", "del"));
          const result = runCommand(line, machine, { origins, origin: 0, file: () => null });
          const own = "problem" in result ? result.problem : "taken";
          const [said = ""] = real.output.split("\n");
          expect(`${line}: ${own}`).toBe(`${line}: ${real.status === 0 ? "taken" : said}`);
          told.add(own);
        }
      }
    }
    expect(told.size).toBe(5);
  });
});

function makeDevices(): void {
  for (const line of ["d1 10.1.0.1", "d2 10.2.0.1"]) {
    const [name = "", address = ""] = line.split(" ");
    inside("ip", "link", "add", name, "type", "veth", "peer", "name", `${name}p`);
    inside("ip", "addr", "add", `${address}/24`, "dev", name);
    inside("ip", "link", "set", name, "up");
    inside("ip", "link", "set", `${name}p`, "up");
  }
}

/** The routes of the namespace as they are. */
function machineOf(): Host {
  const { routes } = readRoutes(inside("ip", "route", "show", "table", "all").output, "routes", origins, { family: 4 });
  const interfaces = ["d1", "d2"].map((name, index) => {
    const address = parseAddress(`10.${index + 1}.0.1`);
    if (address === null) throw new Error("no address");
    const up = inside("ip", "link", "show", name).output.includes(",UP");
    return networkInterface({
      name,
      index: index + 2,
      up,
      addresses: [interfaceAddress({ address, prefixLength: 24 })],
    });
  });
  return host({ name: "n1", interfaces: new Map(interfaces.map((one) => [one.name, one])), routes });
}

function main({ routes }: Host): readonly string[] {
  return routes
    .filter(({ family, type }) => family === 4 && type === "unicast")
    .map((route) => printRoute(route).replaceAll(/\s+/g, " ").trim())
    .sort();
}

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { manyNodes } from "../report/topology/many-nodes.ts";
import { ARTICLE, folder, podpath } from "./command.ts";

const BLOCKED = `${ARTICLE}/bgp-blocked`;
const PING = ["--from", "pod/default/a", "--to", "pod/default/c"];

function cluster(shape: Parameters<typeof manyNodes>[0]): string {
  const path = folder({});
  for (const [name, text] of manyNodes(shape)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

/** The texts of a picture, as its reader sees them. */
function textsOf(svg: string): readonly string[] {
  return [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? "");
}

describe("podpath render", () => {
  test("draws machines, segments, sessions with their state, and the way of a packet", async () => {
    const { code, out } = await podpath(["render", BLOCKED, ...PING]);
    expect(code).toBe(0);
    const texts = textsOf(out);
    expect(texts).toEqual(
      expect.arrayContaining([
        "worker-1",
        "eth0  172.16.0.10/24",
        "pod/default/a",
        "host/gw",
        "lan",
        "BGP 0 of 2 established",
        "worker-1 – worker-2",
        "1 sent, out eth0",
        "2 in caliacd53aa4120, out eth0",
        "✗ rejected here",
      ]),
    );
    expect(texts.filter((text) => /^BGP (?:Passive|Connect|Active)/.test(text))).toHaveLength(3);
    expect(out).toContain('marker-end="url(#forward)"');
  });

  test("draws the picture of the documentation, which npm run pictures writes", async () => {
    const { out } = await podpath(["render", BLOCKED, ...PING]);
    expect(readFileSync("docs/cli/render.svg", "utf8")).toBe(out);
  });

  test("draws the same every time", async () => {
    const first = await podpath(["render", BLOCKED, ...PING]);
    expect((await podpath(["render", BLOCKED, ...PING])).out).toBe(first.out);
  });

  test("prints the graph with --json", async () => {
    const { out } = await podpath(["render", BLOCKED, ...PING, "--json"]);
    const graph = JSON.parse(out);
    expect(Object.keys(graph)).toEqual(["name", "machines", "segments", "tunnels", "sessions", "path"]);
    expect(graph.sessions).toHaveLength(3);
    expect(graph.sessions.every((session: { sides: unknown[] }) => session.sides.length === 2)).toBe(true);
    const [request] = graph.path;
    expect(request.hops.map(({ host }: { host: string }) => host)).toEqual(["pod/default/a", "worker-1", "host/gw"]);
    expect(request).toMatchObject({ outcome: "rejected", to: "pod/default/c", direction: "forward" });
  });

  test("takes the format from the name of the file, or from --format", async () => {
    const path = folder({});
    for (const [name, begin] of [
      ["a.svg", "<svg "],
      ["a.mmd", "---\ntitle: "],
      ["a.mermaid", "---\ntitle: "],
      ["a.dot", "digraph "],
      ["a.gv", "digraph "],
    ] as const) {
      expect((await podpath(["render", BLOCKED, "-o", join(path, name)])).code).toBe(0);
      expect(readFileSync(join(path, name), "utf8").startsWith(begin), name).toBe(true);
    }
    const { out } = await podpath(["render", BLOCKED, "--format", "dot"]);
    expect(out).toMatch(/^digraph /);
  });

  test("says which formats there are where it is given another", async () => {
    const named = await podpath(["render", BLOCKED, "-o", "picture.png"]);
    expect(named.code).toBe(2);
    expect(named.err).toContain(".svg, .mmd, .mermaid, .dot, .gv, or --format svg|mermaid|dot");
    const asked = await podpath(["render", BLOCKED, "--format", "png"]);
    expect(asked.code).toBe(2);
    expect(asked.err).toContain("svg, mermaid, dot");
  });

  test("draws what a lone dump knows", async () => {
    for (const dump of ["iptables-nft-save.txt", "ip-addr.txt", "ip-route.txt"]) {
      const { code, out } = await podpath(["render", `${BLOCKED}/snapshot/nodes/worker-1/${dump}`]);
      expect(code, dump).toBe(0);
      expect(textsOf(out), dump).toContain("node");
    }
    const { out } = await podpath(["render", `${BLOCKED}/snapshot/nodes/worker-1/ip-addr.txt`]);
    expect(textsOf(out)).toContain("eth0  172.16.0.10/24");
  });

  test("puts 100 nodes together but for those that differ and those of the packet", async () => {
    const path = cluster({ nodes: 100, podsPerNode: 3, down: new Set([40]), vxlan: true });
    const { out } = await podpath(["render", path, "--from", "pod/shop/web-1-1", "--to", "pod/shop/web-77-2"]);
    const texts = textsOf(out);
    expect(texts).toEqual(
      expect.arrayContaining([
        "worker-1",
        "pod/shop/web-1-1",
        "worker-77",
        "pod/shop/web-77-2",
        "worker-40",
        "BGP 0 of 99 established",
        "97 nodes",
        "291 pods",
        "VXLAN 4096 port 4789",
        "✓ delivered",
      ]),
    );
    expect(texts).not.toContain("worker-2");
    const expanded = textsOf((await podpath(["render", path, "--expand"])).out);
    expect(expanded.filter((text) => /^worker-\d+$/.test(text))).toHaveLength(100);
    expect(expanded.filter((text) => text.startsWith("pod/"))).toHaveLength(300);
  });
});

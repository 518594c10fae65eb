import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ARTICLE, folder, podpath } from "./command.ts";

const WORKER = join(ARTICLE, "bgp-blocked/snapshot/nodes/worker-1");
const dump = (name: string): string => readFileSync(join(WORKER, name), "utf8");

test("two files of one machine give an answer, what it depends on, and the next command", async () => {
  const path = folder({ "addr.txt": dump("ip-addr.txt"), "routes.txt": dump("ip-route.txt") });
  const { code, out } = await podpath(["trace", path, "--from", "node/node", "--to", "172.16.0.11"]);
  expect(code).toBe(3);
  expect(out).toContain("To settle it\n  → on node: iptables-save -c\n");
  const json = JSON.parse((await podpath(["trace", path, "--from", "node/node", "--to", "172.16.0.11", "--json"])).out);
  expect(json.next).toEqual({
    host: "node",
    command: "iptables-save -c",
    field: null,
    file: null,
    settles: [expect.stringContaining("do the rules of node let the packet pass"), expect.anything()],
    kind: "unknown",
  });
});

test("with the rules beside them the answer is another, and a prompt in one file names the machine of all", async () => {
  const path = folder({
    "addr.txt": dump("ip-addr.txt"),
    "routes.txt": dump("ip-route.txt"),
    "rules.txt": dump("iptables-nft-save.txt"),
    "more.txt": `root@w1:~# ss -H -lntup\n${dump("sockets.txt")}`,
  });
  const packet = '{"host":"w1","interface":"eth0","src":"172.16.0.11","dst":"172.16.0.10","proto":"tcp","dport":179}';
  const { out, err } = await podpath(["trace", path, "--packet", packet, "--json"]);
  expect(err).not.toContain("error");
  const [branch] = JSON.parse(out).branches;
  expect(branch).toMatchObject({ outcome: "dropped", at: { host: "w1", hook: "INPUT" } });
});

test("an answer that is certain says what would be another if it did not hold", async () => {
  const path = folder({
    "nodes/n1/ip-addr.txt": dump("ip-addr.txt"),
    "nodes/n1/ip-route.txt": dump("ip-route.txt"),
    "nodes/n1/iptables-save.txt": "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n",
    "nodes/n1/sysctl.txt": dump("sysctl.txt"),
  });
  const { out } = await podpath(["trace", path, "--from", "node/n1", "--to", "172.16.0.10", "--json"]);
  const { certainty, next } = JSON.parse(out);
  expect(certainty).toBe("certain");
  expect(next).toMatchObject({
    host: "n1",
    command: "nft -j list ruleset",
    file: "nft-ruleset.json",
    kind: "assumption",
  });
});

test("nothing is asked for where nothing that can be told matters", async () => {
  const { out } = await podpath([
    "trace",
    `${ARTICLE}/healthy`,
    "--from",
    "pod/default/a",
    "--to",
    "pod/default/b",
    "--json",
  ]);
  expect(JSON.parse(out).next).toBeNull();
});

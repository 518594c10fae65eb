import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ARTICLE, podpath } from "../cli/command.ts";

/** The healthy cluster with a UDP flow of pod a to CoreDNS in the table of its node. */
async function asked(receiver: string): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), "podpath-test-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  cpSync(`${ARTICLE}/healthy/snapshot`, home, { recursive: true });
  appendFileSync(
    join(home, "nodes/worker-1/conntrack.txt"),
    `udp      17 110 src=192.168.226.65 dst=10.96.0.10 sport=40000 dport=53 src=${receiver} dst=192.168.226.65 sport=53 dport=40000 [ASSURED] mark=0 use=1\n`,
  );
  const words = "--from pod/default/a --to 10.96.0.10 --proto udp --port 53 --sport 40000".split(" ");
  const { out } = await podpath(["trace", home, ...words]);
  return out.replaceAll(/\s+/g, " ");
}

test("a packet of a dumped connection names its line, and says where no pod has what it leads to", async () => {
  expect(await asked("192.168.133.250")).toMatch(
    /NAT destination 10\.96\.0\.10:53 becomes 192\.168\.133\.250:53 \S*nodes\/worker-1\/conntrack\.txt:\d+; no pod has 192\.168\.133\.250: the connection is stale \[connection-to-dead-endpoint\]/,
  );
});

test("nothing is stale where a pod has the address", async () => {
  const out = await asked("192.168.49.65");
  expect(out).toMatch(/becomes 192\.168\.49\.65:53 \S*nodes\/worker-1\/conntrack\.txt:\d+ /);
  expect(out).not.toContain("stale");
});

import { describe, expect, it } from "vitest";
import { folder, podpath } from "./command.ts";

/** More rules that a packet may die of, each by chance, than branches are followed. */
const RULES = Array.from(
  { length: 300 },
  (_, i) => `-A OUTPUT -m statistic --mode random --probability 0.001 -j ${i % 2 === 0 ? "DROP" : "REJECT"}`,
);
const SNAPSHOT = {
  "nodes/n1/ip-addr.txt":
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n    inet 10.0.0.1/24 scope global eth0\n",
  "nodes/n1/ip-route.txt": "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n",
  "nodes/n1/iptables-save.txt": `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p icmp -j ACCEPT\n${RULES.join("\n")}\nCOMMIT\n`,
};
const ASK = ["--from", "node/n1", "--to", "10.0.0.2", "--port", "80"];

describe("an answer with more branches than are followed", () => {
  it("tells one branch for each way to end, how many end so, and that there are others", async () => {
    const { out } = await podpath(["trace", folder(SNAPSHOT), ...ASK]);
    expect(out).toContain("uncertain: there are more branches than the 256 that podpath follows");
    const sizes = [...out.matchAll(/^── (\d+) branches end like this one/gm)].map(([, size]) => Number(size));
    expect(sizes).toHaveLength(2);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(256);
    expect(out).toContain("What the branches do that were not followed is not known");
  });

  it("says so in JSON", async () => {
    const { out } = await podpath(["trace", folder(SNAPSHOT), ...ASK, "--json"]);
    expect(JSON.parse(out)).toMatchObject({ certainty: "uncertain", truncated: true });
  });
});

import { describe, expect, it } from "vitest";
import { folder, podpath } from "./command.ts";

/** Each copy that comes to the host is copied to the host. */
const SNAPSHOT = {
  "nodes/n1/ip-addr.txt":
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n    inet 10.0.0.1/24 scope global eth0\n",
  "nodes/n1/ip-route.txt": "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n",
  "nodes/n1/iptables-save.txt": "*mangle\n:INPUT ACCEPT [0:0]\n-A INPUT -p icmp -j TEE --gateway 10.0.0.1\nCOMMIT\n",
};
const PACKET = `{"id":"1","host":"n1","interface":"eth0","src":"10.0.0.9","dst":"10.0.0.1","proto":"icmp","icmpType":8}\n`;

interface Response {
  readonly kind: string;
  readonly text: string;
  readonly responses: readonly Response[];
}

/** How many stand within each other. */
function depthOf(responses: readonly Response[]): number {
  let depth = 0;
  for (let level = responses; level.length > 0; level = level.flatMap((response) => response.responses)) depth++;
  return depth;
}

describe("an exchange that never ends", () => {
  it("is printed as JSON, thousands of answers within each other", async () => {
    const { code, out } = await podpath(["probe", folder(SNAPSHOT), "--packets", "-"], PACKET);
    expect(code).toBe(0);
    const { certainty, branches } = JSON.parse(out);
    expect(certainty).toBe("certain");
    expect(branches).toHaveLength(1);
    expect(branches[0].outcome).toBe("delivered");
    expect(depthOf(branches[0].responses)).toBeGreaterThan(5000);
  });
});

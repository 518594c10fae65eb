import { expect, test } from "vitest";
import { ask, filterOfN2, twoNodes } from "../report/two-nodes.ts";

/** A connection to port 50000 of n2, which knows this control connection from n1 and drops what is RELATED. */
function certainty(helper: string): string {
  const files = twoNodes({
    ...filterOfN2(
      ":INPUT ACCEPT [0:0]",
      ":FORWARD ACCEPT [0:0]",
      ":OUTPUT ACCEPT [0:0]",
      "-A INPUT -m conntrack --ctstate RELATED -j DROP",
    ),
    "nodes/n2/conntrack.txt": `tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=21 src=10.0.0.2 dst=10.0.0.1 sport=21 dport=40000 [ASSURED] mark=0 ${helper}use=1\n`,
    "nodes/n2/sockets.txt": "tcp LISTEN 0 128 0.0.0.0:50000 0.0.0.0:*\n",
  });
  return ask(files, { from: "node/n1", to: "node/n2", port: 50000 }).answer.certainty;
}

test("a connection that the helper of a dumped one may have announced is uncertain", () => {
  expect(certainty("helper=ftp ")).toBe("uncertain");
  expect(certainty("")).toBe("certain");
  // tftp announces datagrams alone
  expect(certainty("helper=tftp ")).toBe("certain");
});

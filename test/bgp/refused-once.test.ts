import { expect, test } from "vitest";
import { reconverge } from "../../src/analysis/reconverge.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";

/** Codes of what is said of a bird.cfg where it is read, and when BGP runs anew from it. */
function told(configuration: string, address = "inet 172.16.0.11/24"): readonly (readonly string[])[] {
  const files = {
    "nodes/n1/ip-addr.txt": `2: eth0: <UP> mtu 1500\n    ${address} scope global eth0\n`,
    "nodes/n1/bird.cfg": configuration,
  };
  const snapshot = readSnapshot({ name: "snapshot", files: new Map(Object.entries(files)) });
  const { evidence, findings } = readEvidence(snapshot.machines, snapshot.network.origins, snapshot.factEvidence);
  const codes = [findings, reconverge(snapshot.network, evidence).findings];
  return codes.map((found) => found.map(({ code }) => code).filter((code) => code.startsWith("bird-refuse")));
}

test("a configuration that BIRD refuses is told by one code: of its text where it is read, of the machine when BGP runs", () => {
  const withoutAs = "protocol bgp tor { neighbor 172.16.0.1 as 64512; }\n";
  expect(told(`router id 172.16.0.11;\n${withoutAs}`)).toEqual([["bird-refused"], []]);
  expect(told("protocol device { }\n", "inet6 fd00::11/64")).toEqual([[], ["bird-refuses-configuration"]]);
  expect(told("protocol device { }\n")).toEqual([[], []]);
  // in the language of BIRD 2, which bird -p of 1.6 does not judge
  const two = "protocol bgp tor { neighbor 172.16.0.1 as 64512; ipv4 { import all; }; }\n";
  expect(told(`router id 172.16.0.11;\n${two}`)).toEqual([[], ["bird-refuses-configuration"]]);
});

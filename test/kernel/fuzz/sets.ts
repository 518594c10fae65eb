import fc from "fast-check";
import { port, prefix } from "./pools.ts";
import type { FuzzSet } from "./rule.ts";

export interface FuzzSets {
  readonly sets: readonly FuzzSet[];
  /** In the words of `ipset save`. */
  readonly text: string;
}

const host = fc.constantFrom("10.0.0.2", "10.0.1.2", "10.0.2.2", "10.0.0.1", "10.9.1.1", "10.96.0.1", "10.0.1.1");
const net = prefix.filter((text) => !text.includes("255.0.255.0") && text !== "0.0.0.0").map((text) => text);

function members(name: string, of: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .uniqueArray(of, { maxLength: 5, selector: (text) => text.replace(" nomatch", "") })
    .map((list) => list.map((text) => `add ${name} ${text}\n`).join(""));
}

const protocol = fc.constantFrom("tcp", "udp");

/** A few sets of the types that Calico, kube-proxy and people use; small kernels lack hash:net,net and those with MACs. */
export const setsArbitrary: fc.Arbitrary<FuzzSets> = fc
  .tuple(
    members("hi", host),
    members(
      "hn",
      fc.oneof({ weight: 4, arbitrary: net }, { weight: 1, arbitrary: net.map((text) => `${text} nomatch`) }),
    ),
    members(
      "hip",
      fc.tuple(host, protocol, port).map(([ip, name, number]) => `${ip},${name}:${number}`),
    ),
    members(
      "hnp",
      fc.tuple(net, protocol, port).map(([ip, name, number]) => `${ip},${name}:${number}`),
    ),
    members(
      "hipip",
      fc.tuple(host, protocol, port, host).map(([ip, name, number, other]) => `${ip},${name}:${number},${other}`),
    ),
    members("bp", port.map(String)),
    members(
      "hni",
      fc.tuple(net, fc.constantFrom("in0", "out0", "out1")).map(([ip, name]) => `${ip},${name}`),
    ),
  )
  .map(([hi, hn, hip, hnp, hipip, bp, hni]) => ({
    sets: [
      { name: "hi", dimensions: 1 },
      { name: "hn", dimensions: 1 },
      { name: "hip", dimensions: 2 },
      { name: "hnp", dimensions: 2 },
      { name: "hipip", dimensions: 3 },
      { name: "bp", dimensions: 1 },
      { name: "hni", dimensions: 2 },
      { name: "ls", dimensions: 1 },
    ],
    text: [
      `create hi hash:ip family inet\n${hi}`,
      `create hn hash:net family inet\n${hn}`,
      `create hip hash:ip,port family inet\n${hip}`,
      `create hnp hash:net,port family inet\n${hnp}`,
      `create hipip hash:ip,port,ip family inet\n${hipip}`,
      `create bp bitmap:port range 0-65535\n${bp}`,
      `create hni hash:net,iface family inet\n${hni}`,
      "create ls list:set size 8\nadd ls hi\nadd ls hn\n",
    ].join(""),
  }));

import fc from "fast-check";
import { port } from "./pools.ts";
import type { FuzzSet } from "./rule.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface FuzzSets {
  readonly sets: readonly FuzzSet[];
  /** In the words of `ipset save`. */
  readonly text: string;
}

function members(name: string, of: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .uniqueArray(of, { maxLength: 5, selector: (text) => text.replace(" nomatch", "") })
    .map((list) => list.map((text) => `add ${name} ${text}\n`).join(""));
}

const protocol = fc.constantFrom("tcp", "udp");

/** A few sets of the types that Calico, kube-proxy and people use; small kernels lack hash:net,net and those with MACs. */
export function setsArbitrary({ family, host, network: net, device }: Vocabulary): fc.Arbitrary<FuzzSets> {
  const inet = family === 4 ? "inet" : "inet6";
  return fc
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
        fc.tuple(net, device).map(([ip, name]) => `${ip},${name}`),
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
        `create hi hash:ip family ${inet}\n${hi}`,
        `create hn hash:net family ${inet}\n${hn}`,
        `create hip hash:ip,port family ${inet}\n${hip}`,
        `create hnp hash:net,port family ${inet}\n${hnp}`,
        `create hipip hash:ip,port,ip family ${inet}\n${hipip}`,
        `create bp bitmap:port range 0-65535\n${bp}`,
        `create hni hash:net,iface family ${inet}\n${hni}`,
        "create ls list:set size 8\nadd ls hi\nadd ls hn\n",
      ].join(""),
    }));
}

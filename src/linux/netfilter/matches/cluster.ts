import { isMulticast } from "../../../net/address.ts";
import { noteVolatile } from "../../walk-record.ts";
import type { MatchExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue, optionWords } from "../option-words.ts";
import { hashWord, scaleHash, swapBytes } from "./jenkins-hash.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly cluster: {
      readonly nodes: number;
      /** Bit n for node n + 1. */
      readonly local: number;
      readonly seed: number;
      readonly invert: boolean;
    };
  }
}

const MOST = 32;

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}

/**
 * `-m cluster` (net/netfilter/xt_cluster.c): this node's share of the connections, by a hash of who opened them. A packet
 * without a connection does not match, negated or not. Hashed as a little-endian machine does it; of an IPv6 address the
 * kernel hashes the first 32 bits only (observed on Linux 6.18: `NF_CT_TUPLE_L3SIZE / sizeof(__u32)` is 1). Nodes share a multicast MAC
 * address: from this match on a packet for one that came in such a frame counts as this host's, whether it matches or not.
 */
export const cluster: MatchExtension<"cluster"> = {
  options: {
    "cluster-total-nodes": { values: 1, negatable: false },
    "cluster-local-node": { values: 1, negatable: true },
    "cluster-local-nodemask": { values: 1, negatable: true },
    "cluster-hash-seed": { values: 1, negatable: false },
  },
  parse(given) {
    const nodes = parseNumber(givenValue(given, "cluster-total-nodes") ?? "", MOST);
    const seed = parseNumber(givenValue(given, "cluster-hash-seed") ?? "", 0xffffffff);
    const one = givenOption(given, "cluster-local-node");
    const mask = givenOption(given, "cluster-local-nodemask");
    const option = one ?? mask;
    if (nodes === null || nodes === 0) return { problem: `expected --cluster-total-nodes 1-${MOST}` };
    if (seed === null) return { problem: "expected --cluster-hash-seed number" };
    if (option === undefined || (one !== undefined && mask !== undefined)) {
      return { problem: "expected --cluster-local-node or --cluster-local-nodemask" };
    }
    const number = parseNumber(option.values[0] ?? "", mask === undefined ? nodes : 2 ** nodes - 1);
    if (number === null || number === 0) return { problem: "the local node lies beyond --cluster-total-nodes" };
    const local = mask === undefined ? (1 << (number - 1)) >>> 0 : number;
    return { value: { nodes, local, seed, invert: option.invert } };
  },
  print: ({ nodes, local, seed, invert }) => [
    ...optionWords("cluster-local-nodemask", invert, hex(local)),
    "--cluster-total-nodes",
    String(nodes),
    "--cluster-hash-seed",
    hex(seed),
  ],
  compile: ({ nodes, local, seed, invert }) => ({
    kind: "call",
    test(skb) {
      if (skb.packetType === "multicast" && !isMulticast(skb.packet.dst)) {
        noteVolatile();
        skb.packetType = "host";
      }
      const { connection } = skb;
      if (connection === null) return false;
      const hash = hashWord(swapBytes(connection.original.src.a), seed);
      return ((local & (1 << scaleHash(hash, nodes))) !== 0) !== invert;
    },
  }),
};

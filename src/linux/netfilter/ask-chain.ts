import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import { describePacket } from "../../net/packet.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";

/** Whether a packet, or a message of ARP, passes a base chain of nft whose rules are not modelled: a question, both of whose answers are followed. */
export function askChain(runtime: HostRuntime, skb: Skb, chain: NftBaseChain): boolean {
  const what = skb.arp === null ? describePacket(skb.packet) : "ARP";
  const accepted = runtime.services.choose({
    kind: "unknown",
    code: "nft-chain",
    variable: `${runtime.host.name} nft ${chain.family} ${chain.table} ${chain.chain} ${what}`,
    question: `does nft chain "${chain.family} ${chain.table} ${chain.chain}" (hook ${chain.hook}, policy ${chain.policy}) on ${runtime.host.name} let ${skb.arp === null ? "the packet" : "ARP"} pass? podpath does not model native nft tables`,
    alternatives: [
      { label: "it passes", probability: 0 },
      { label: "it is dropped", probability: 0 },
    ],
    command: `nft list table ${chain.family} ${chain.table}`,
  });
  return accepted === 0;
}

import type { Interface } from "../model/interface.ts";
import type { NftBaseChain } from "../model/nft-base-chain.ts";
import { frameChainsOf } from "./compiled-host.ts";
import { drop, hookDrop } from "./endings.ts";
import { askChain } from "./netfilter/ask-chain.ts";
import type { DeviceChain } from "./netfilter/frame-chains.ts";
import { traverse } from "./netfilter/traverse.ts";
import { NF_ACCEPT, NF_QUEUE, PREROUTING } from "./netfilter/verdict.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/**
 * Base chains of nft that frames meet beside the hooks of IP (measured, docs/lab-notes/nft-tables.md): of family netdev where a device takes
 * or sends a frame, ARP included; of inet at ingress, for IP alone; of arp and of bridge. Of them only those of inet are modelled; of others
 * it is asked whether they let the frame pass.
 */

/** nf_hook_ingress(): false where the frame went no further. */
export function comesIn(runtime: HostRuntime, device: Interface, skb: Skb): boolean {
  const chains = frameChainsOf(runtime.compiled)?.ingress;
  return chains === undefined || chains.every((one) => passesAt(runtime, device, skb, one));
}

/** nf_hook_egress(): the same for a frame that a device is to send. */
export function goesOut(runtime: HostRuntime, device: Interface, skb: Skb): boolean {
  const chains = frameChainsOf(runtime.compiled)?.egress;
  return chains === undefined || chains.every((one) => passesAt(runtime, device, skb, one));
}

function passesAt(runtime: HostRuntime, device: Interface, skb: Skb, { chain, bound }: DeviceChain): boolean {
  if (chain.devices !== undefined && !chain.devices.includes(device.name)) return true;
  if (chain.family !== "inet") return asked(runtime, skb, chain);
  // what inet sees at ingress is IP without a tag
  if (skb.arp !== null || skb.vlan !== 0) return true;
  // JSON of nft 1.0 does not tell the device: what stops the packet may stand elsewhere
  if (bound === null || chain.devices === undefined) return asked(runtime, skb, chain);
  const verdict = traverse(bound[skb.packet.src.family], skb, runtime, PREROUTING);
  if (verdict === NF_ACCEPT || verdict === NF_QUEUE) return true;
  hookDrop(runtime, skb, PREROUTING);
  return false;
}

/** NF_HOOK of NFPROTO_ARP. */
export function arpPasses(runtime: HostRuntime, skb: Skb, hook: "input" | "output"): boolean {
  const chains = frameChainsOf(runtime.compiled)?.arp;
  return chains === undefined || chains.every((chain) => chain.hook !== hook || asked(runtime, skb, chain));
}

/** NF_HOOK of NFPROTO_BRIDGE: false where the frame went no further. */
export function bridgePasses(
  runtime: HostRuntime,
  skb: Skb,
  hook: "prerouting" | "input" | "forward" | "output" | "postrouting",
): boolean {
  const chains = frameChainsOf(runtime.compiled)?.bridge;
  return chains === undefined || chains.every((chain) => chain.hook !== hook || asked(runtime, skb, chain));
}

/** The frame may be another one than the packet in hand: who listens to choices goes on with that afterwards. */
function asked(runtime: HostRuntime, skb: Skb, chain: NftBaseChain): boolean {
  const { current } = runtime.services;
  const before = { ...current };
  current.runtime = runtime;
  current.skb = skb;
  const passes = askChain(runtime, skb, chain);
  current.runtime = before.runtime;
  current.skb = before.skb;
  // nobody watches what becomes of ARP
  if (!passes && skb.arp === null) {
    drop(runtime, skb, "NETFILTER_DROP", null, `dropped by nft chain ${chain.family} ${chain.table} ${chain.chain}`);
  }
  return passes;
}

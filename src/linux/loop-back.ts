import type { Interface } from "../model/interface.ts";
import { type Address, formatAddress, isMulticast } from "../net/address.ts";
import { hookDrop } from "./endings.ts";
import { runHook } from "./netfilter/hooks.ts";
import { NF_ACCEPT, POSTROUTING } from "./netfilter/verdict.ts";
import { scope6 } from "./routing/address-scope.ts";
import { isJoined } from "./routing/input6.ts";
import type { HostRuntime } from "./runtime.ts";
import { copySkb, type Skb } from "./skb.ts";
import { noteVolatile } from "./walk-record.ts";

/** 224.0.0.1, which every device with an IPv4 address joins. */
const ALL_SYSTEMS = 0xe0000001;

/**
 * Whether this host hears what it sends to many (ip_mc_output(), ip6_finish_output2()): all broadcasts, and of groups those
 * that it joined. Sockets of tunnels and of neighbour discovery ask not to. IPv4 goes by the route, IPv6 by the destination: a
 * copy that TEE sends to its gateway is heard too.
 */
export function hearsItself(runtime: HostRuntime, skb: Skb, output: Interface): boolean {
  const { route, packet } = skb;
  if (skb.input !== null || skb.carried !== null || output.kind === "loopback") return false;
  if (route?.kind === "broadcast") return true;
  const six = packet.dst.family === 6;
  if (six ? !isMulticast(packet.dst) || skb.fromKernel : route?.kind !== "multicast") return false;
  const joined = six ? isJoined(runtime, output, packet.dst) : packet.dst.a === ALL_SYSTEMS;
  if (joined) return true;
  const detail = `nobody on ${runtime.host.name} joined ${formatAddress(packet.dst)}`;
  runtime.services.assume(runtime, "group-not-joined", detail);
  return false;
}

/** Groups of IPv6 that never leave the host: of interface-local scope, or of the scope that is reserved below it (IPV6_ADDR_MC_SCOPE). */
export function isOfThisHostAlone(destination: Address): boolean {
  return destination.family === 6 && isMulticast(destination) && scope6(destination) <= 1;
}

/**
 * dev_loopback_xmit(): a copy passes POSTROUTING, and comes in by the device that the packet leaves by, with its route; its checksum
 * counts as right, whatever it is (CHECKSUM_UNNECESSARY).
 */
export function hearItself(runtime: HostRuntime, skb: Skb, output: Interface): void {
  noteVolatile();
  const copy = copySkb(skb);
  if (copy === null) return;
  // skb_clone() takes no socket along.
  copy.owner = null;
  if (runHook(runtime, copy, POSTROUTING) !== NF_ACCEPT) {
    // What becomes of the copy, the sender is not told.
    copy.input = output;
    return hookDrop(runtime, copy, POSTROUTING);
  }
  copy.loopedBack = true;
  copy.packet.badChecksum = false;
  copy.packetType = copy.route?.kind === "broadcast" ? "broadcast" : "multicast";
  copy.sourceMac = "";
  copy.destinationMac = "";
  copy.boundInterface = null;
  runtime.services.receiveLater(runtime, output, copy);
}

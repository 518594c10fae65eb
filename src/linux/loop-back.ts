import type { Interface } from "../model/interface.ts";
import { formatAddress, isMulticast } from "../net/address.ts";
import { hookDrop } from "./endings.ts";
import { runHook } from "./netfilter/hooks.ts";
import { NF_ACCEPT, POSTROUTING } from "./netfilter/verdict.ts";
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

/** dev_loopback_xmit(): a copy passes POSTROUTING, and comes in by the device that the packet leaves by, with its route. */
export function hearItself(runtime: HostRuntime, skb: Skb, output: Interface): void {
  noteVolatile();
  const copy = copySkb(skb);
  if (copy === null) return;
  if (runHook(runtime, copy, POSTROUTING) !== NF_ACCEPT) {
    // What becomes of the copy, the sender is not told.
    copy.input = output;
    return hookDrop(runtime, copy, POSTROUTING);
  }
  copy.loopedBack = true;
  copy.packetType = copy.route?.kind === "broadcast" ? "broadcast" : "multicast";
  copy.sourceMac = "";
  copy.destinationMac = "";
  copy.owner = null;
  copy.boundInterface = null;
  runtime.services.receiveLater(runtime, output, copy);
}

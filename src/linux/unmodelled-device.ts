import type { Interface } from "../model/interface.ts";
import { describePacket } from "../net/packet.ts";
import { drop } from "./endings.ts";
import { type HostRuntime, leaving } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** A device of a kind that podpath does not model takes the packet: it may carry it anywhere, or nowhere. */
export function intoUnmodelledDevice(runtime: HostRuntime, skb: Skb, device: Interface, kind: string): void {
  askAbout(
    runtime,
    skb,
    device,
    `a device of kind ${kind}, do with the packet? podpath does not model that kind`,
    kind,
  );
}

/** A device that hands on to others, of which the dump does not have what is needed to tell whether and where they carry the packet. */
export function intoUntoldDevice(runtime: HostRuntime, skb: Skb, device: Interface, missing: string): void {
  askAbout(runtime, skb, device, `a ${device.kind}, do with the packet? ${missing}`, device.kind);
}

function askAbout(runtime: HostRuntime, skb: Skb, device: Interface, doubt: string, kind: string): void {
  const { name } = runtime.host;
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "unmodelled-device",
    variable: `${name} ${device.name} ${describePacket(skb.packet)}`,
    question: `what does ${device.name} of ${name}, ${doubt}`,
    alternatives: [
      { label: "it carries it to where podpath does not see it", probability: 0 },
      { label: "it drops it", probability: 0 },
    ],
  });
  if (taken === 0) runtime.services.end(runtime, skb, leaving(null, `into ${device.name}, a device of kind ${kind}`));
  else drop(runtime, skb, null, "POSTROUTING", `${device.name}, of kind ${kind}, drops it`);
}

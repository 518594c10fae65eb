import { describePacket } from "../../../net/packet.ts";
import { TCP } from "../../../net/protocol.ts";
import { ACK, FIN, RST, SYN } from "../../../net/tcp-flags.ts";
import type { TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { NF_DROP, XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly SYNPROXY: {
      readonly sackPermitted: boolean;
      readonly timestamp: boolean;
      /** Null where the option is absent. */
      readonly windowScale: number | null;
      readonly mss: number | null;
      readonly ecn: boolean;
    };
  }
}

/**
 * `-j SYNPROXY` (net/ipv4/netfilter/ipt_SYNPROXY.c): answers a SYN in the server's name and opens the connection to the
 * server once the client's ACK comes. The proxy is not modelled: for these two packets it is a question whether the
 * connection comes to be; other segments go on, unless their checksum is wrong.
 */
export const SYNPROXY: TargetExtension<"SYNPROXY"> = {
  options: {
    "sack-perm": { values: 0, negatable: false },
    timestamp: { values: 0, negatable: false },
    wscale: { values: 1, negatable: false },
    mss: { values: 1, negatable: false },
    ecn: { values: 0, negatable: false },
  },
  parse(given, { protocol }) {
    if (protocol !== TCP) return { problem: "the rule needs -p tcp" };
    const scaleText = givenValue(given, "wscale");
    const mssText = givenValue(given, "mss");
    const windowScale = scaleText === null ? null : parseNumber(scaleText, 255);
    const mss = mssText === null ? null : parseNumber(mssText, 0xffff);
    if (windowScale === null && scaleText !== null) return { problem: "expected --wscale 0-255" };
    if (mss === null && mssText !== null) return { problem: "expected --mss 0-65535" };
    return {
      value: {
        sackPermitted: givenOption(given, "sack-perm") !== undefined,
        timestamp: givenOption(given, "timestamp") !== undefined,
        windowScale,
        mss,
        ecn: givenOption(given, "ecn") !== undefined,
      },
    };
  },
  print: ({ sackPermitted, timestamp, windowScale, mss, ecn }) => [
    ...(sackPermitted ? ["--sack-perm"] : []),
    ...(timestamp ? ["--timestamp"] : []),
    ...(windowScale === null ? [] : ["--wscale", String(windowScale)]),
    ...(mss === null ? [] : ["--mss", String(mss)]),
    ...(ecn ? ["--ecn"] : []),
  ],
  compile: () => (skb, runtime) => {
    // nf_ip_checksum() comes first, whatever the segment is.
    if (skb.packet.badChecksum && !skb.checksumValid) return NF_DROP;
    const kind = skb.packet.flags & (SYN | ACK | FIN | RST);
    if (kind !== SYN && kind !== ACK) return XT_CONTINUE;
    const { name } = runtime.host;
    const taken = runtime.services.choose({
      kind: "unknown",
      code: "synproxy-handshake",
      variable: `${name} SYNPROXY ${describePacket(skb.packet)}`,
      question: `does SYNPROXY on ${name} open this connection to the server? podpath does not model the proxy`,
      alternatives: [
        { label: "it does, as if the packet went on", probability: 0 },
        { label: "it does not: the packet is dropped", probability: 0 },
      ],
    });
    return taken === 1 ? NF_DROP : XT_CONTINUE;
  },
};

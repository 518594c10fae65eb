import type { Pod } from "../../kubernetes/pod.ts";
import { commentedRule, type FelixRule } from "./felix-rule.ts";
import { type FelixSettings, isSince } from "./felix-settings.ts";
import { setMark } from "./mark-rules.ts";

/** What a pod's annotations limit in one direction; null: nothing. */
export interface QosLimits {
  /** Packets a second. */
  readonly packetRate: number | null;
  /** Packets at once beyond the rate. */
  readonly packetBurst: number | null;
  readonly maxConnections: number | null;
}

export const NO_LIMITS: QosLimits = { packetRate: null, packetBurst: null, maxConnections: null };

/** Bounds of xt_limit, which Calico brings a larger rate or burst down to. */
const MOST_PACKETS = 10_000;
const MOST_CONNECTIONS = 0xffffffff;

const SUFFIXES: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** A whole number as Kubernetes writes quantities; null where it is none, and Calico leaves the limit out. */
function quantity(text: string): number | null {
  const [, digits = "", suffix = ""] = /^(\d{1,12})([kMG]|[KMG]i)?$/.exec(text) ?? [];
  const value = Number(digits) * (SUFFIXES[suffix] ?? 1);
  return value > 0 ? value : null;
}

/**
 * Of the annotations `qos.projectcalico.org/…` (libcalico-go/lib/backend/k8s/conversion, qos controls; since v3.30). A burst without a
 * rate is none.
 */
export function qosLimits({ metadata }: Pod, direction: "ingress" | "egress"): QosLimits {
  if (metadata.annotations.size === 0) return NO_LIMITS;
  const written = (what: string, most: number): number | null => {
    const text = metadata.annotations.get(`qos.projectcalico.org/${direction}${what}`);
    const value = text === undefined ? null : quantity(text);
    return value === null ? null : Math.min(value, most);
  };
  const packetRate = written("PacketRate", MOST_PACKETS);
  return {
    packetRate,
    packetBurst: packetRate === null ? null : written("PacketBurst", MOST_PACKETS),
    maxConnections: written("MaxConnections", MOST_CONNECTIONS),
  };
}

const DEFAULT_BURST = 5;

/**
 * `-m limit`, with the pod's burst since v3.31; before it, iptables' default of five counts, which is what Calico takes for a pod that
 * names none (read from sources whose release is not told).
 */
function limitMatch({ packetRate, packetBurst }: QosLimits, settings: FelixSettings): string {
  const rate = `-m limit --limit ${packetRate ?? 0}/sec`;
  return isSince(settings.band, "v3.31") ? `${rate} --limit-burst ${packetBurst ?? DEFAULT_BURST}` : rate;
}

/** Rules before all others that mark as many packets a second as the limit has, and drop those without the mark (felix/rules/endpoints.go). */
export function packetRateRules(
  limits: QosLimits,
  direction: "ingress" | "egress",
  settings: FelixSettings,
): readonly FelixRule[] {
  if (limits.packetRate === null || !isSince(settings.band, "v3.30")) return [];
  const mark = settings.marks.scratch0;
  const text = `0x${mark.toString(16)}`;
  const clear = commentedRule(`Clear ${direction} packet rate limit mark`, "", `--jump MARK --set-mark 0/${text}`);
  return [
    clear,
    commentedRule(
      `Mark packets within ${direction} packet rate limit`,
      "",
      `${limitMatch(limits, settings)} ${setMark(mark)}`,
    ),
    commentedRule(
      `Drop packets over ${direction} packet rate limit`,
      `-m mark ! --mark ${text}/${text}`,
      "--jump DROP",
    ),
    clear,
  ];
}

/** Behind the rules for connections that are known: new ones are reset where there are as many as the limit has. */
export function connectionLimitRules(
  limits: QosLimits,
  direction: "ingress" | "egress",
  settings: FelixSettings,
): readonly FelixRule[] {
  if (limits.maxConnections === null || !isSince(settings.band, "v3.30")) return [];
  return [
    commentedRule(
      `Reject connections over ${direction} connection limit`,
      "",
      `-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m connlimit --connlimit-above ${limits.maxConnections} --connlimit-mask 0 -j REJECT --reject-with tcp-reset`,
    ),
  ];
}

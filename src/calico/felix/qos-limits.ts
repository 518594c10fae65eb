import type { Pod } from "../../kubernetes/pod.ts";
import { commentedRule, type FelixRule } from "./felix-rule.ts";
import { type FelixSettings, isSince } from "./felix-settings.ts";
import { setMark } from "./mark-rules.ts";

/** What a pod's annotations limit in one direction; null: nothing. */
export interface QosLimits {
  /** Packets a second. */
  readonly packetRate: number | null;
  readonly maxConnections: number | null;
}

export const NO_LIMITS: QosLimits = { packetRate: null, maxConnections: null };

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
function quantity(text: string | undefined): number | null {
  const [, digits = "", suffix = ""] = /^(\d{1,12})([kMG]|[KMG]i)?$/.exec(text ?? "") ?? [];
  const value = Number(digits) * (SUFFIXES[suffix] ?? 1);
  return value > 0 ? value : null;
}

/** Of the annotations `qos.projectcalico.org/…` (libcalico-go/lib/backend/k8s/conversion, qos controls; since v3.30). */
export function qosLimits({ metadata }: Pod, direction: "ingress" | "egress"): QosLimits {
  const written = (what: string): number | null =>
    quantity(metadata.annotations.get(`qos.projectcalico.org/${direction}${what}`));
  return { packetRate: written("PacketRate"), maxConnections: written("MaxConnections") };
}

/**
 * Rules before all others that mark as many packets a second as the limit has, and drop those without the mark (felix/rules/endpoints.go).
 * A burst of its own, which newer releases let a pod have, is not rendered: iptables' default of five counts.
 */
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
      `-m limit --limit ${limits.packetRate}/sec ${setMark(mark)}`,
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

/**
 * An instant within what is known of the time at which the kernel handled a packet: when it was sent, when all was done, or
 * before, because the packets that it is counted from were handled late.
 */
export type Instant = "sent" | "done" | "early";

/** How long a probe took; seconds since the namespaces were built. */
export interface Took {
  readonly at: number;
  readonly took: number;
}

/** Seconds: CONFIG_HZ is 250 here. */
const JIFFY = 0.004;

/** Seconds in which any bucket of ICMP is full again. */
const LIMITS_REMEMBER = 6;

/**
 * The bounds of when the kernel looked at its clock, beside the instant of sending: nobody tells when that was. It may have
 * been as late as all was done, or the packets before were as late, which makes this one early; and it counts in jiffies.
 * `before`: when the packet before it was sent. The probe is added to `probes`, and those that nothing remembers are taken out.
 */
export function otherInstants(
  { at, until }: { readonly at: number; readonly until: number },
  before: number,
  probes: Took[],
): readonly { readonly instant: Instant; readonly at: number }[] {
  const recent = probes.filter((probe) => probe.at > at - LIMITS_REMEMBER);
  const late = Math.max(0, ...recent.map(({ took }) => took));
  probes.splice(0, probes.length, ...recent, { at, took: until - at });
  return [
    { instant: "done", at: until + JIFFY },
    { instant: "early", at: Math.max(at - late - JIFFY, before) },
  ];
}

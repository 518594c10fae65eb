/** The two ECN bits of the TOS byte (RFC 3168): 0 not capable, 1 ECT(1), 2 ECT(0), 3 congestion experienced. */
const ECN_MASK = 3;
const ECT_0 = 2;
const CE = 3;

/** INET_ECN_encapsulate() (include/net/inet_ecn.h): the outer TOS with the inner packet's ECN bits; CE becomes ECT(0). */
export function encapsulateEcn(outer: number, inner: number): number {
  const ecn = inner & ECN_MASK;
  return (outer & ~ECN_MASK) | (ecn === CE ? ECT_0 : ecn);
}

/**
 * INET_ECN_decapsulate() (RFC 6040): the inner TOS after decapsulation; null where congestion was marked on a packet
 * whose sender does not know ECN, which is dropped.
 */
export function decapsulateEcn(outer: number, inner: number): number | null {
  const [outside, inside] = [outer & ECN_MASK, inner & ECN_MASK];
  if (outside === CE) return inside === 0 ? null : inner | CE;
  // An outer ECT(1) over an inner ECT(0) marks congestion as L4S and PCN do.
  return outside === 1 && inside === ECT_0 ? (inner & ~ECN_MASK) | 1 : inner;
}

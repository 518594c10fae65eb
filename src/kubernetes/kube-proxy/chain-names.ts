import { sha256Words } from "../../net/sha256-words.ts";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HASH_LENGTH = 16;

/** The first sixteen digits of base 32 (RFC 4648 section 6): ten bytes of the hash. */
function hash(text: string): string {
  const words = sha256Words(text);
  let digits = "";
  for (let bit = 0; digits.length < HASH_LENGTH; bit += 5) {
    const high = words[bit >> 5] ?? 0;
    const low = words[(bit >> 5) + 1] ?? 0;
    const at = bit & 31;
    const five = at <= 27 ? high >>> (27 - at) : (high << (at - 27)) | (low >>> (59 - at));
    digits += BASE32[five & 31];
  }
  return digits;
}

/** How kube-proxy calls one port of a Service: `namespace/name:port`, without the colon where the port has no name. */
export function servicePortName(namespace: string, name: string, port: string): string {
  return port === "" ? `${namespace}/${name}` : `${namespace}/${name}:${port}`;
}

/**
 * The chain of a service port (pkg/proxy/iptables/proxier.go): SVC for all its endpoints, SVL for local ones, EXT for
 * traffic from outside, FW for load balancer source ranges.
 */
export function serviceChainName(kind: "SVC" | "SVL" | "EXT" | "FW", servicePort: string, protocol: string): string {
  return `KUBE-${kind}-${servicePortHash(servicePort, protocol)}`;
}

/** What the names of all chains of a service port end in. */
export function servicePortHash(servicePort: string, protocol: string): string {
  return hash(servicePort + protocol.toLowerCase());
}

/** The end of the name of a chain that a service port has for itself; null for other chains. */
export function hashInName(chain: string): string | null {
  return /^KUBE-(?:SVC|SVL|EXT|FW)-(.*)$/.exec(chain)?.[1] ?? null;
}

export function isEndpointChain(chain: string): boolean {
  return chain.startsWith("KUBE-SEP-");
}

/** @param endpoint `address:port`, with brackets around an IPv6 address */
export function endpointChainName(servicePort: string, protocol: string, endpoint: string): string {
  return `KUBE-SEP-${hash(servicePort + protocol.toLowerCase() + endpoint)}`;
}

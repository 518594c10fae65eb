import type { Family } from "../net/address.ts";
import type { Prefix } from "../net/prefix.ts";
import type { Origin } from "./origin.ts";
import type { ChainTable } from "./ruleset.ts";

/**
 * A base chain of a native nft table that iptables-nft does not own. Where its rules are not modelled, a packet that crosses
 * its hook has an uncertain fate, and the answer names it.
 */
export interface NftBaseChain {
  readonly family: "ip" | "ip6" | "inet" | "netdev" | "bridge" | "arp";
  readonly table: string;
  readonly chain: string;
  readonly type: string;
  /** `prerouting`, `input`, `forward`, `output`, `postrouting`, `ingress`, `egress`. */
  readonly hook: string;
  /** Of a chain at ingress or egress: the devices at which it stands. Absent: not told. */
  readonly devices?: readonly string[];
  readonly priority: number;
  readonly policy: "accept" | "drop";
  readonly ruleCount: number;
  /** Only packets to these addresses are in doubt: what kube-proxy does in a mode that no dump shows, or NodeLocal DNSCache. Absent: all packets. */
  readonly destinations?: readonly Prefix[];
  /** What nobody knows of packets to `destinations`. Absent: what kube-proxy does with them. */
  readonly unknown?: "service-proxy-mode";
  /** The chains of its table, as packets of each family meet them; absent: they are not modelled. */
  readonly tables?: { readonly [F in Family]: ChainTable };
  readonly origin: Origin;
}

import type { Host } from "../../model/host.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import type { Family } from "../../net/address.ts";
import { bindNftChain } from "./bind.ts";
import type { BoundChain } from "./table-image.ts";

/** A base chain that frames meet at a device. */
export interface DeviceChain {
  readonly chain: NftBaseChain;
  /** Its rules as packets of each family meet them; null where they are not modelled. */
  readonly bound: Readonly<Record<Family, BoundChain>> | null;
}

/** Base chains of nft that stand where frames pass, in the order in which they run. */
export interface FrameChains {
  readonly ingress: readonly DeviceChain[];
  readonly egress: readonly DeviceChain[];
  readonly arp: readonly NftBaseChain[];
  readonly bridge: readonly NftBaseChain[];
}

/** Null for nearly all hosts: no table of families netdev, arp and bridge, and no chain at ingress, that could stop anything. */
export function compileFrameChains(host: Host): FrameChains | null {
  const chains = host.nftBaseChains
    .filter(({ ruleCount, policy }) => ruleCount > 0 || policy === "drop")
    .toSorted((x, y) => x.priority - y.priority);
  const at = (hook: string): readonly DeviceChain[] =>
    chains.flatMap((chain) => (chain.hook === hook ? { chain, bound: boundOf(chain) } : []));
  const ingress = at("ingress");
  const egress = at("egress");
  const arp = chains.filter(({ family }) => family === "arp");
  const bridge = chains.filter(({ family }) => family === "bridge");
  return ingress.length + egress.length + arp.length + bridge.length === 0 ? null : { ingress, egress, arp, bridge };
}

function boundOf({ tables, chain }: NftBaseChain): DeviceChain["bound"] {
  if (tables === undefined) return null;
  const four = bindNftChain(tables[4], chain, 4);
  const six = bindNftChain(tables[6], chain, 6);
  return four === null || six === null ? null : { 4: four, 6: six };
}

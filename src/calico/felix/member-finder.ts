import type { Pod } from "../../kubernetes/pod.ts";
import type { MembersAt } from "../../model/members-at.ts";
import { once } from "../../model/once.ts";
import { type Address, type Family, formatAddress, sameAddress } from "../../net/address.ts";
import { prefixContains } from "../../net/prefix.ts";
import type { ClassIndex } from "../class-index.ts";
import { addressesOfPod, type LabelledClass } from "../labelled-class.ts";
import { matchesSelector } from "../selector/matches-selector.ts";
import type { SetDefinition } from "./ip-set-names.ts";
import { membersOfHolders } from "./set-members.ts";

/** How to find the members at an address of the set that is defined so; null: only all its members tell. */
export type MemberFinder = (definition: SetDefinition, family: Family) => MembersAt | null;

/** An address as a key: IPv4 ones are numbers. */
function keyOf(address: Address): number | string {
  return address.family === 4 ? address.a : formatAddress(address);
}

/** The pod with each address; null where there are several. */
function podsByAddress(pods: Iterable<Pod>): ReadonlyMap<number | string, Pod | null> {
  const byAddress = new Map<number | string, Pod | null>();
  for (const pod of pods) {
    for (const address of pod.podIPs) {
      const key = keyOf(address);
      byAddress.set(key, byAddress.has(key) ? null : pod);
    }
  }
  return byAddress;
}

/**
 * Finds members by asking who has the address and whether the selector chooses it, instead of by making all members of a set: in a large
 * cluster a set has those of thousands of pods, and a packet has two addresses.
 *
 * @param others classes of what is no pod
 */
export function memberFinder(classOf: ReadonlyMap<Pod, LabelledClass>, others: () => ClassIndex): MemberFinder {
  const holders = once(() => podsByAddress(classOf.keys()));
  return (definition, family) => {
    if (definition.kind === "service") return null;
    const { selector } = definition;
    const besidePods = once(() =>
      others()
        .chosenBy(selector)
        .flatMap((chosen) => chosen.others.flatMap(({ nets }) => nets)),
    );
    return (address) => {
      const pod = holders().get(keyOf(address));
      // which of several stays, and what an overlapping network leaves of it, the whole set knows
      if (pod === null || besidePods().some((net) => prefixContains(net, address))) return null;
      const labels = pod === undefined ? undefined : classOf.get(pod)?.labels;
      if (pod === undefined || labels === undefined || !matchesSelector(selector, labels)) return [];
      const { nets, ...rest } = addressesOfPod(pod);
      const asked = nets.filter((net) => sameAddress(net.address, address));
      return membersOfHolders(definition, family, [{ ...rest, nets: asked }]);
    };
  };
}

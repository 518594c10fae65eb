import { ipv4 } from "../../net/address.ts";
import type { RibRoute } from "../rib/route.ts";
import { type Draft, targetOf } from "./attribute.ts";
import { type FilterHost, findNeighbour } from "./find-neighbour.ts";
import type { Value } from "./value.ts";

type Way = Pick<RibRoute, "target" | "hops">;

/**
 * Sets where a route leads, and that it is looked up no more (f_interpret of BIRD 1.6: SA_GW, SA_IFNAME, SA_DEST). A text: the filter ends with
 * that error, in BIRD's words. Null: the name is that of another attribute, or the value no such one.
 */
export function writeWay(draft: Draft, { host }: FilterHost, name: string, value: Value): true | string | null {
  if (name === "gw" && value.type === "ip") {
    const found = findNeighbour({ host }, value.value);
    if (found.kind !== "on-link") return "Invalid gw address";
    return lead(draft, {
      target: "router",
      hops: [{ gateway: value.value, interface: found.interface, weight: 1 }],
    });
  }
  if (name === "ifname" && value.type === "string") {
    if (!host.interfaces.has(value.value)) return "Invalid iface name";
    return lead(draft, { target: "device", hops: [{ gateway: null, interface: value.value, weight: 1 }] });
  }
  if (name === "dest" && value.type === "enum" && value.of === "target") {
    const target = targetOf(Number(value.value));
    if (target !== "blackhole" && target !== "unreachable" && target !== "prohibit") {
      return "Destination can be changed only to blackhole, unreachable or prohibit";
    }
    return lead(draft, { target, hops: [] });
  }
  if (name === "from" && value.type === "ip") {
    const from = value.value.family === 4 && value.value.a === ipv4(0).a ? null : value.value;
    const { route, stored } = draft;
    draft.route = { ...route, from };
    draft.stored = stored === route ? draft.route : { ...stored, from };
    return true;
  }
  return null;
}

function lead(draft: Draft, way: Way): true {
  const { route, stored } = draft;
  draft.route = led(route, way);
  draft.stored = stored === route ? draft.route : led(stored, way);
  return true;
}

function led({ lookedUp: _, ...route }: RibRoute, way: Way): RibRoute {
  return { ...route, ...way, recursive: false, igpMetric: 0 };
}

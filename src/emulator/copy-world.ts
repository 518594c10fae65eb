import type { Chooser } from "../linux/chooser.ts";
import { appendItem } from "../net/paged-list.ts";
import { arouse, createWorld, type World } from "./world.ts";

/**
 * What never changes once it was made, so that all copies have it in common, by the name under which objects of a World hold it: what was
 * dumped and compiled, configurations, addresses, ends of packets, and parts of routes. So is what is frozen. Everything else is copied.
 */
const SHARED: ReadonlySet<string> = new Set([
  ...["network", "topology", "host", "compiled", "dumped", "device", "input", "output", "port", "carrier", "landmark"],
  ...["physicalInput", "physicalOutput", "route", "rule", "verdictChain", "template", "supposition", "set", "member"],
  ...["configuration", "group", "options", "capabilities", "form", "sendForm", "lastError"],
  ...["taker", "prefix", "attributes", "kernel", "alien", "learnt", "end", "numbering", "beside"],
  ...["address", "local", "remote", "src", "dst", "from", "sourceAddress", "remoteAddress"],
]);

/** Collections whose members never change. */
const SHALLOW: ReadonlySet<string> = new Set(["arrivals", "pending", "routeChanges", "touched", "unknownOutputs"]);

/** Lists of such collections. */
const SHALLOW_LISTS: ReadonlySet<string> = new Set(["chunks"]);

/**
 * A World that goes on from where another one stands, and what programs hold of it (`held`): each of the two lives on without the
 * other, and the same happens in both if the same is done. Programs keep what they work on in objects: a function that was made
 * while the World ran, such as those of a probe's programs, cannot be copied, and is an error.
 */
export function copyWorld<Held>(
  world: World,
  held: Held,
  choose: Chooser,
): { readonly world: World; readonly held: Held } {
  arouse(world);
  const copy = createWorld(world.network, { ...world.options, choose });
  const known = new Map<object, object>([
    [world, copy],
    [world.services, copy.services],
  ]);
  // events name devices by themselves
  for (const { host } of world.hosts.values()) for (const device of host.interfaces.values()) known.set(device, device);
  const unfinished: object[] = [];
  const copyOf: Copier = (value) => {
    if (typeof value === "function" && value.name === "") {
      throw new Error("a World cannot be copied while a function waits in it that was made when it ran");
    }
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
    if (Object.isFrozen(value)) return value;
    const before = known.get(value);
    const shell = before ?? shellOf(value);
    if (before === undefined) {
      known.set(value, shell);
      unfinished.push(shell);
    }
    return Object.assign(shell);
  };
  const { now, escaped, answers, sent } = world;
  Object.assign(copy, { now, escaped, answers, sent });
  const { hosts, neighbourWatch, changed, queue, journeys, assumptions, sockets, tcp } = world;
  const parts = copyOf({ hosts, neighbourWatch, changed, queue, journeys, assumptions, sockets, tcp });
  for (const page of world.services.freeValues.domains.pages)
    for (const domain of page) appendItem(copy.services.freeValues.domains, domain);
  const heldCopy = copyOf(held);
  for (let next = unfinished.pop(); next !== undefined; next = unfinished.pop()) fill(next, copyOf);
  Object.assign(copy, parts);
  return { world: copy, held: heldCopy };
}

type Copier = <T>(value: T) => T;

/** The object, while its parts are not copied yet. */
function shellOf(value: object): object {
  if (Array.isArray(value)) return [...value];
  if (value instanceof Map) return new Map(value);
  if (value instanceof Set) return new Set(value);
  if (value instanceof Int32Array) return value.slice();
  return { ...value };
}

function shallow(value: unknown): unknown {
  return typeof value === "object" && value !== null && !Object.isFrozen(value) ? shellOf(value) : value;
}

/** Puts copies into the place of what a copied object holds. Keys of a Map are names, or parts of what never changes. */
function fill(shell: object, copyOf: Copier): void {
  if (shell instanceof Map) {
    for (const [key, value] of shell) shell.set(key, copyOf(value));
  } else if (shell instanceof Set) {
    const members = [...shell];
    shell.clear();
    for (const member of members) shell.add(copyOf(member));
  } else if (Array.isArray(shell)) {
    for (const [index, value] of shell.entries()) shell[index] = copyOf(value);
  } else if (!(shell instanceof Int32Array)) {
    for (const [name, value] of Object.entries(shell)) {
      if (SHARED.has(name)) continue;
      if (SHALLOW_LISTS.has(name) && Array.isArray(value)) Reflect.set(shell, name, value.map(shallow));
      else Reflect.set(shell, name, SHALLOW.has(name) ? shallow(value) : copyOf(value));
    }
  }
}

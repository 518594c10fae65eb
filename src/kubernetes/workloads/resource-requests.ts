import { at, elements, type Field, isRecord, member, ownValue, text } from "../field.ts";

/** Amounts by the names of resources: `cpu` in cores, `memory` in bytes, `nvidia.com/gpu`. */
export type Resources = ReadonlyMap<string, number>;

export const NO_RESOURCES: Resources = new Map();

const SUFFIXES: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ...["n", "u", "m"].map((suffix, i) => [suffix, 10 ** (3 * i - 9)] as const),
  ...["k", "M", "G", "T", "P", "E"].map((suffix, i) => [suffix, 10 ** (3 * i + 3)] as const),
  ...["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((suffix, i) => [suffix, 2 ** (10 * i + 10)] as const),
]);

/** A quantity of Kubernetes (apimachinery/pkg/api/resource): `500m`, `1.5Gi`, `2e3`; null for what is none. */
export function parseQuantity(written: unknown): number | null {
  const found = /^([+-]?(?:\d+\.?\d*|\.\d+))([eE][+-]?\d{1,3}|[numkMGTPE]|[KMGTPE]i)?$/.exec(String(written));
  if (found === null) return null;
  const [, number = "", suffix = ""] = found;
  return /^[eE][+-]?\d/.test(suffix) ? Number(number + suffix) : Number(number) * (SUFFIXES.get(suffix) ?? 1);
}

/** `capacity`, `allocatable`, `requests`: what is no quantity is left out. */
export function readAmounts(field: Field): Resources {
  if (!isRecord(field.value)) return NO_RESOURCES;
  const amounts = Object.keys(field.value).flatMap((name) => {
    const amount = parseQuantity(member(field, name).value);
    return amount === null ? [] : [[name, amount] as const];
  });
  return new Map(amounts);
}

/** Requests of a container; the API server gives it those of its limits where it names no others. */
function requestsOf(container: Field): Resources {
  const resources = member(container, "resources");
  if (resources.value === undefined) return NO_RESOURCES;
  return new Map([...readAmounts(member(resources, "limits")), ...readAmounts(member(resources, "requests"))]);
}

function asksForSomething(spec: unknown): boolean {
  if (ownValue(spec, "overhead") !== undefined) return true;
  return ["containers", "initContainers"].some((key) => {
    const containers = ownValue(spec, key);
    return Array.isArray(containers) && containers.some((one) => ownValue(one, "resources") !== undefined);
  });
}

function add(sum: Map<string, number>, more: Resources): void {
  for (const [name, amount] of more) sum.set(name, (sum.get(name) ?? 0) + amount);
}

/**
 * What a pod asks of its node (component-helpers/resource, PodRequests): its containers together and the sidecars beside them, or what an
 * init container needs while it runs, whichever is more, and the overhead.
 */
export function podRequests(spec: Field): Resources {
  // most pods of a large cluster ask for nothing that is told
  if (!asksForSomething(spec.value)) return NO_RESOURCES;
  const inits = elements(member(spec, "initContainers"));
  const sum = new Map<string, number>();
  for (const container of elements(member(spec, "containers"))) add(sum, requestsOf(container));
  const sidecars = new Map<string, number>();
  const most = new Map<string, number>();
  for (const container of inits) {
    const own = new Map(sidecars);
    add(own, requestsOf(container));
    if (text(member(container, "restartPolicy")) === "Always") {
      add(sum, requestsOf(container));
      add(sidecars, requestsOf(container));
    } else for (const [name, amount] of own) most.set(name, Math.max(amount, most.get(name) ?? 0));
  }
  for (const [name, amount] of most) sum.set(name, Math.max(amount, sum.get(name) ?? 0));
  add(sum, readAmounts(at(spec, "overhead")));
  return sum.size === 0 ? NO_RESOURCES : sum;
}

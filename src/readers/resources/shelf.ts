import type { Field } from "../../kubernetes/field.ts";
import type { Origin } from "../../model/origin.ts";

/** The objects that a resource may become, by kind and API group. */
export interface Shelf {
  readonly kind: string;
  readonly groups: readonly string[];
  readonly namespaced: boolean;
  /** True where a resource with a wrong field has no effect at all; else the field is left out. */
  readonly strict: boolean;
  put(key: string, field: Field, origin: Origin, untold: ReadonlySet<string>): void;
}

/** The groups of Calico's API: through its API server, and as its CRDs store it. */
export const CALICO = ["projectcalico.org", "crd.projectcalico.org"];

/** Resources of one kind, read by `read` into a map. */
export function shelf<T>(
  kind: string,
  groups: readonly string[],
  namespaced: boolean,
  map: Map<string, T>,
  read: (field: Field, origin: Origin, untold: ReadonlySet<string>) => T | null,
): Shelf {
  return {
    kind,
    groups,
    namespaced,
    strict: false,
    put: (key, field, origin, untold) => {
      const object = read(field, origin, untold);
      if (object !== null) map.set(key, object);
    },
  };
}

/** As `shelf`, for kinds that Calico or the API server refuse whole where a field is wrong. */
export function strictShelf<T>(
  kind: string,
  groups: readonly string[],
  namespaced: boolean,
  map: Map<string, T>,
  read: (field: Field, origin: Origin) => T,
): Shelf {
  return {
    kind,
    groups,
    namespaced,
    strict: true,
    put: (key, field, origin) => {
      const object = read(field, origin);
      if (field.problems.length === 0) map.set(key, object);
    },
  };
}

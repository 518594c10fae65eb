import type { Check } from "./check.ts";

/** Services with a selector of which the slices, or Endpoints, hold no endpoint that is ready. */
export const serviceWithoutEndpoints: Check = ({ cluster }) =>
  [...cluster.services].flatMap(([name, { selector, type, metadata }]) => {
    if (selector.size === 0 || type === "ExternalName") return [];
    const slices = [...cluster.endpointSlices.values()].filter(
      (slice) => slice.service === metadata.name && slice.metadata.namespace === metadata.namespace,
    );
    const endpoints = cluster.endpoints.get(name);
    const told = [...slices, ...(endpoints === undefined ? [] : [endpoints])];
    const isReady =
      slices.some((slice) => slice.endpoints.some(({ ready }) => ready)) ||
      endpoints?.subsets.some((subset) => subset.endpoints.some(({ ready }) => ready)) === true;
    const [first] = told;
    if (first === undefined || isReady) return [];
    return [
      {
        severity: "info" as const,
        message: `The Service ${name} has no endpoint that is ready`,
        at: metadata.origin,
        beside: first.metadata.origin,
      },
    ];
  });

import type { Route } from "../../model/route.ts";

/** Routes to ranges of other nodes, as all nodes have them that see the cluster alike; each is without those to its own ranges. */
export interface RemoteRoutes {
  readonly routes: readonly Route[];
  /** By node: the routes to its ranges, which it does not have itself. */
  readonly toNode: ReadonlyMap<string, readonly Route[]>;
}

/** Collects the routes of one way to see the cluster. */
export function remoteRoutes(found: Iterable<readonly [node: string, route: Route]>): RemoteRoutes {
  const routes: Route[] = [];
  const toNode = new Map<string, Route[]>();
  for (const [node, route] of found) {
    routes.push(route);
    const same = toNode.get(node);
    if (same === undefined) toNode.set(node, [route]);
    else same.push(route);
  }
  return { routes, toNode };
}

export const NO_REMOTE_ROUTES: RemoteRoutes = { routes: [], toNode: new Map() };

import type { World, WorldKind } from "../world-kind.ts";
import { bridge } from "./bridge.ts";
import { cluster } from "./cluster.ts";
import { cluster6 } from "./cluster6.ts";
import { conntrackFlows } from "./conntrack-flows.ts";
import { mesh } from "./mesh.ts";
import { mesh6 } from "./mesh6.ts";
import { narrow } from "./narrow.ts";
import { narrow6 } from "./narrow6.ts";
import { redirects } from "./redirects.ts";
import { redirects6 } from "./redirects6.ts";
import { router } from "./router.ts";
import { router6 } from "./router6.ts";
import { sockets } from "./sockets.ts";
import { sockets6 } from "./sockets6.ts";
import { tcpFlows } from "./tcp-flows.ts";
import { words } from "./words.ts";
import { words6 } from "./words6.ts";

/** Every kind of world that campaigns draw from. */
export const WORLD_KINDS: readonly WorldKind[] = [
  router,
  narrow,
  narrow6,
  router6,
  tcpFlows,
  mesh,
  mesh6,
  cluster,
  cluster6,
  conntrackFlows,
  bridge,
  words,
  words6,
  sockets,
  sockets6,
  redirects,
  redirects6,
];

/** The world that a regression stores. */
export function worldOf(kind: string, value: unknown): World {
  const found = WORLD_KINDS.find(({ name }) => name === kind);
  if (found === undefined) throw new Error(`there is no kind of world "${kind}"`);
  return found.parse(value);
}

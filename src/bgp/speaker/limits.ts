import type { World } from "../../emulator/world.ts";
import type { BgpConfiguration, LimitConfiguration } from "./configuration.ts";
import { startTimer, type Timer, timer } from "./timer.ts";

/** A limit of a protocol for the number of its routes (struct proto_limit, BIRD 1.6), and whether it was reached. */
export interface RouteLimit extends LimitConfiguration {
  state: "initial" | "active" | "blocked";
}

export interface RouteLimits {
  readonly receive: RouteLimit | null;
  readonly import: RouteLimit | null;
  readonly export: RouteLimit | null;
  /** Runs from the moment at which a limit is reached that ends the instance until that happens. */
  readonly timer: Timer;
  /** What then happens. */
  ends: { readonly by: "import" | "export"; readonly restarts: boolean } | null;
}

/** Seconds that BIRD gathers reasons to restart instances (proto_schedule_down). */
const GATHERED = 2;

const LIMITS = { receive: "receiveLimit", import: "importLimit", export: "exportLimit" } as const;

/**
 * Null where an instance has no limit, as those of Calico. All that are made of one template have its limits in common, with whether they
 * were reached (proto_copy_config copies what points to them).
 */
export function routeLimits(
  configuration: BgpConfiguration,
  peers: readonly {
    readonly configuration: BgpConfiguration;
    readonly protocol: { readonly limits: RouteLimits | null };
  }[],
  world: World,
): RouteLimits | null {
  const { receiveLimit, importLimit, exportLimit } = configuration;
  if (receiveLimit === null && importLimit === null && exportLimit === null) return null;
  const made = (which: "receive" | "import" | "export"): RouteLimit | null => {
    const limit = configuration[LIMITS[which]];
    if (limit === null) return null;
    const alike = peers.find((peer) => peer.configuration[LIMITS[which]] === limit);
    return alike?.protocol.limits?.[which] ?? { ...limit, state: "initial" };
  };
  return {
    receive: made("receive"),
    import: made("import"),
    export: made("export"),
    timer: timer(world),
    ends: null,
  };
}

/** Whether one more route is let through beside so many (proto_notify_limit of nest/proto.c). */
export function passesLimit(limits: RouteLimits, which: "receive" | "import" | "export", routes: number): boolean {
  const limit = limits[which];
  if (limit === null) return true;
  if (routes >= limit.count && limit.state !== "blocked")
    reach(limits, limit, which === "export" ? "export" : "import");
  return limit.state !== "blocked";
}

function reach(limits: RouteLimits, limit: RouteLimit, by: "import" | "export"): void {
  if (limit.action === "warn") {
    limit.state = "active";
    return;
  }
  limit.state = "blocked";
  if (limit.action === "block" || limits.ends?.restarts === false) return;
  const restarts = limit.action === "restart";
  limits.ends = { by, restarts };
  startTimer(limits.timer, restarts ? GATHERED : 0);
}

/** The instance is down: all is counted anew. */
export function resetLimits(limits: RouteLimits): void {
  for (const limit of [limits.receive, limits.import, limits.export]) if (limit !== null) limit.state = "initial";
  limits.ends = null;
}

import type { Route } from "../../model/route.ts";
import type { HostRuntime } from "../runtime.ts";

/**
 * Gives a living host other routes than its dump tells: what a routing daemon has programmed meanwhile. The Host stays as it
 * is; rules and addresses are compiled once for both.
 */
export function programRoutes(runtime: HostRuntime, routes: readonly Route[]): void {
  const { compiled } = runtime;
  runtime.compiled = { ...compiled, host: { ...compiled.host, routes }, fib: { 4: null, 6: null } };
}

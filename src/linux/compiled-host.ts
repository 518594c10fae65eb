import type { Host } from "../model/host.ts";

/** Everything derived from a Host that packets need, made once per Host object. */
export interface CompiledHost {
  readonly host: Host;
}

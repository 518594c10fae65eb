import type { IpSet } from "../../model/ip-set.ts";
import type { HostRuntime } from "../runtime.ts";

/** A set has a member by a port that nobody has chosen yet, and what is asked about has another port, or may have. */
export function assumeOtherPort(runtime: HostRuntime, { name }: IpSet): void {
  runtime.services.assume(
    runtime,
    "set-unchanged-by-free-port",
    `a port by which set ${name} changed, and which nobody has chosen yet, is no other packet's`,
  );
}

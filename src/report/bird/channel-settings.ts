import type { Protocol } from "../../bgp/speaker/protocol.ts";
import type { Speaker } from "../../bgp/speaker/speaker.ts";
import { isMaster } from "../../bgp/speaker/unfollowed.ts";
import { filterName } from "./filter-name.ts";

/** What lets routes in and out, as proto_show_basic_info() of BIRD 1.6 and channel_show_info() of BIRD 2 print it. */
export function channelSettings(
  { recovery }: Pick<Speaker, "recovery">,
  item: Protocol,
  indent: string,
): readonly string[] {
  const { configuration, limits } = item;
  const lines: string[] = [];
  const add = (name: string, value: string): void => {
    lines.push(`${indent}${`${name}:`.padEnd(16)}${value}`);
  };
  add("Preference", String(configuration.preference));
  // what another table lets in and out is not followed
  const isFollowed = isMaster(configuration.table);
  add("Input filter", isFollowed ? filterName(configuration.import) : "?");
  add("Output filter", isFollowed ? filterName(configuration.export) : "?");
  if (recovery !== null) {
    const words = `${recovery.locks.has(item) ? " pending" : ""}${recovery.waiting.has(item) ? " waiting" : ""}`;
    lines.push(`${indent}GR recovery:   ${words}`);
  }
  for (const [name, limit] of [
    ["Receive", limits?.receive],
    ["Import", limits?.import],
    ["Export", limits?.export],
  ] as const) {
    if (limit == null) continue;
    add(`${name} limit`, `${limit.count}${limit.state === "initial" ? "" : " [HIT]"}`);
    lines.push(`${indent}  ${"Action:".padEnd(14)}${limit.action}`);
  }
  return lines;
}

import type { BirdOption, BirdStaticTarget } from "../../model/bird/configuration.ts";
import type { BirdFilter, BirdPlace } from "../../model/bird/filter.ts";
import { takeAddress } from "./constant.ts";
import type { Cursor } from "./cursor.ts";
import { parseRouteCommands } from "./statement.ts";

/** `route P blackhole`, `route P via A % "eth0" weight 2 via B`, `route P via "eth0"`, `route P recursive A` of a static protocol. */
export function parseRoute(cursor: Cursor, place: BirdPlace): BirdOption | null {
  cursor.next();
  const token = cursor.peek();
  const destination = token.prefix;
  if (destination === null) return cursor.fail("a prefix");
  cursor.next();
  const targets: BirdStaticTarget[] = [];
  cursor.take("multipath");
  while (!cursor.at(";") && !cursor.at("{") && !cursor.at("}")) {
    const target = parseTarget(cursor);
    if (target === null) return null;
    targets.push(target);
  }
  let filter: BirdFilter | null = null;
  if (cursor.at("{")) {
    filter = parseRouteCommands(cursor);
    cursor.take(";");
    if (filter === null) return null;
  } else if (!cursor.at("}") && !cursor.expect(";")) return null;
  return { kind: "route", destination, targets, filter, ...place };
}

function parseTarget(cursor: Cursor): BirdStaticTarget | null {
  if (cursor.take("blackhole") || cursor.take("drop")) return { kind: "blackhole" };
  if (cursor.take("unreachable") || cursor.take("reject")) return { kind: "unreachable" };
  if (cursor.take("prohibit")) return { kind: "prohibit" };
  if (cursor.take("recursive")) {
    const gateway = takeAddress(cursor);
    return gateway === null ? cursor.fail("an address") : { kind: "recursive", gateway };
  }
  if (!cursor.take("via")) return cursor.fail("via, blackhole, unreachable, prohibit or recursive");
  const token = cursor.peek();
  if (token.kind === "string") {
    cursor.next();
    return { kind: "device", interface: token.text, weight: weightAt(cursor) };
  }
  const gateway = takeAddress(cursor);
  if (gateway === null) return cursor.fail("an address, or an interface in quotes");
  const device = cursor.take("%") ? cursor.next().text : null;
  return { kind: "via", gateway, interface: device, weight: weightAt(cursor) };
}

/** `weight N`, and what says nothing about the way: `bfd`, `onlink`. */
function weightAt(cursor: Cursor): number {
  let weight = 1;
  for (;;) {
    if (cursor.take("weight")) weight = Number(cursor.next().text) || 1;
    else if (cursor.at("bfd")) {
      cursor.report("bird-unknown-statement", cursor.next(), "BFD of static routes is left out.");
    } else if (!cursor.take("onlink")) return weight;
  }
}

import { type Address, parseAddress } from "../../net/address.ts";
import { dumpLines } from "../dump-text.ts";

/** A BGP session as `birdc show protocols [all]` prints it. */
export interface BgpSession {
  readonly name: string;
  /** BIRD's state of the protocol: `up`, `start`, `down`. */
  readonly state: string;
  /** The info column: `Established`, `Connect`, `Passive`, `Active  Socket: Connection refused`. */
  readonly info: string;
  /** Null without `all`, unless the name holds it as Calico's names do. */
  readonly neighbour: Address | null;
  /** Line of the dump, from 1. */
  readonly line: number;
}

const PROTOCOL = /^(\S+)\s+BGP\s+(\S+)\s+(up|start|stop|down|flush)\s+(.*)$/;
const NEIGHBOUR = /^\s+Neighbor address:\s+(\S+)/;

/** Reads the BGP sessions of a dump; other protocols, and lines of other tools, are passed over. */
export function readBgpSessions(text: string): readonly BgpSession[] {
  const sessions: BgpSession[] = [];
  for (const { text: line, number } of dumpLines(text, "").lines) {
    const protocol = PROTOCOL.exec(line);
    if (protocol !== null) {
      const [, name = "", , state = "", rest = ""] = protocol;
      sessions.push({ name, state, info: infoOf(rest), neighbour: neighbourInName(name), line: number });
      continue;
    }
    const neighbour = NEIGHBOUR.exec(line);
    const last = sessions.at(-1);
    if (neighbour === null || last === undefined) continue;
    // the zone of a link-local neighbour is no part of its address
    const address = parseAddress((neighbour[1] ?? "").replace(/%.*$/, ""));
    if (address !== null) sessions[sessions.length - 1] = { ...last, neighbour: address };
  }
  return sessions;
}

/** What stands after the time: BIRD prints `16:07:27`, `16:07:27.123` or a date, sometimes both. */
function infoOf(rest: string): string {
  return rest
    .split(/\s+/)
    .filter((word) => !/^[\d:.-]+$/.test(word))
    .join(" ")
    .trim();
}

/** Calico names its sessions after the peer: `Mesh_172_16_0_10`, `Node_10_0_0_1`, `Global_…`. */
function neighbourInName(name: string): Address | null {
  const parts = /^[A-Za-z]+_(\d+)_(\d+)_(\d+)_(\d+)(?:_port_\d+)?$/.exec(name);
  return parts === null ? null : parseAddress(parts.slice(1, 5).join("."));
}

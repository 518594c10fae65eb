import type { Connection, TcpEvents } from "../../emulator/tcp/connection.ts";
import type { Listener } from "../../emulator/tcp/stack.ts";
import type { PrefixKey } from "../rib/route.ts";
import type { Audience } from "./audience.ts";
import type { Kernel } from "./kernel.ts";
import type { Peer } from "./peer.ts";
import type { Timeouts } from "./peer-timer.ts";
import type { SpeakerCore } from "./protocol.ts";

/** What the instances of BGP of one daemon share. */
export interface BgpCore extends SpeakerCore {
  /** The other half of a BIRD 2, while it runs. */
  twin: BgpCore | null;
  readonly peers: Peer[];
  readonly kernels: Kernel[];
  /** The same by their addresses (`addressKey`), in that order. */
  readonly neighbours: Map<PrefixKey, Peer[]>;
  /** Neighbours by what they are told. */
  readonly audiences: Audience[];
  listener: Listener | null;
  listenUsers: number;
  /** Who takes connections that come in; null where one is turned away. */
  readonly accept: (core: BgpCore, socket: Connection) => TcpEvents | null;
  readonly timeouts: Timeouts;
  /** Who holds the right to talk to a neighbour (object locks), and who waits for it. */
  readonly locks: Map<PrefixKey, Peer[]>;
  /** What BIRD tells apart routes by on the wire: a number for each source of routes. */
  readonly sourceIds: Map<string, Map<number, number>>;
  sources: number;
}

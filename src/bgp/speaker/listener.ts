import type { Connection, TcpEvents } from "../../emulator/tcp/connection.ts";
import { listenTcp, stopListening } from "../../emulator/tcp/open.ts";
import type { Listener } from "../../emulator/tcp/stack.ts";
import type { Address } from "../../net/address.ts";
import { addressKey } from "../rib/route.ts";
import type { BgpCore } from "./bgp-core.ts";

/** IP_PREC_INTERNET_CONTROL. */
export const TOS = 0xc0;

const LISTEN_TTL = 255;

interface OfListener {
  readonly core: BgpCore;
}

const LISTENER = {
  keyOf(this: OfListener, peer: Address): string | null {
    return keyOf(this.core, peer);
  },
  accept(this: OfListener, socket: Connection): TcpEvents | null {
    return this.core.accept(this.core, socket);
  },
};

export function openListener(core: BgpCore): boolean {
  if (core.listener !== null) {
    core.listenUsers++;
    return true;
  }
  const { listenAddress, listenPort, family } = core.configuration;
  const { keyOf: keyOfPeer, accept } = LISTENER;
  const listener: Listener & OfListener = {
    keyOf: keyOfPeer,
    accept,
    core,
    address: listenAddress,
    family,
    port: listenPort,
    options: { ttl: LISTEN_TTL, minTtl: 0, tos: TOS, key: null, device: null },
  };
  const program = family === 4 ? "bird" : "bird6";
  if (listenTcp(core.world, core.runtime, listener, program) !== null) return false;
  core.listener = listener;
  core.listenUsers = 1;
  return true;
}

function keyOf(core: BgpCore, address: Address): string | null {
  const known = core.neighbours.get(addressKey(address));
  const peer = known?.find(({ configuration, listens }) => listens && configuration.key !== null);
  return peer?.configuration.key ?? null;
}

export function closeListener(core: BgpCore): void {
  core.listenUsers--;
  if (core.listenUsers > 0 || core.listener === null) return;
  stopListening(core.world, core.runtime, core.listener);
  core.listener = null;
}

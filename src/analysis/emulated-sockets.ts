import { portName } from "../emulator/tcp/stack.ts";
import type { World } from "../emulator/world.ts";
import type { Host } from "../model/host.ts";
import { NO_ORIGIN } from "../model/origin.ts";
import type { ListeningSocket } from "../model/socket.ts";
import { sameAddress } from "../net/address.ts";
import { TCP } from "../net/protocol.ts";

/**
 * Who listens on a host once daemons of a World have come and gone: on their ports those who do now, whatever manifests declare or dumps
 * showed; all others as before. The very list where that is the same.
 */
export function emulatedSockets({ tcp }: World, { name, sockets }: Host): readonly ListeningSocket[] {
  const listeners = tcp.listeners.get(name) ?? [];
  const isListening = (family: 4 | 6, { port, address }: ListeningSocket): boolean =>
    listeners.some(
      (one) =>
        one.port === port &&
        one.family === family &&
        (one.address === null || address === null || sameAddress(one.address, address)),
    );
  const kept = sockets.flatMap((socket): readonly ListeningSocket[] => {
    if (socket.protocol !== TCP || socket.raw === true) return [socket];
    const families = socket.family === null ? ([4, 6] as const) : [socket.family];
    const left = families.filter(
      (family) => !tcp.ported.has(portName(name, family, socket.port)) || isListening(family, socket),
    );
    return left.length === families.length ? [socket] : left.map((family) => ({ ...socket, family }));
  });
  const opened = listeners.flatMap(({ port, family, address }): readonly ListeningSocket[] => {
    const isKnown = sockets.some(
      (one) => one.protocol === TCP && one.port === port && (one.family === null || one.family === family),
    );
    if (isKnown) return [];
    return [
      {
        protocol: TCP,
        address,
        family,
        port,
        interface: null,
        process: "bird",
        certainty: "emulated",
        origin: NO_ORIGIN,
      },
    ];
  });
  const isSame = opened.length === 0 && kept.length === sockets.length && kept.every((one, at) => one === sockets[at]);
  return isSame ? sockets : [...kept, ...opened];
}

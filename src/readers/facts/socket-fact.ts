import { readSockets } from "../ss.ts";
import type { ApplyFact } from "./network-facts.ts";
import { EXAMPLES } from "./statement.ts";

const SOCKET = /^(tcp|udp|sctp)\s+(\S+:\d+|\d+)$/;

export const socketFact: ApplyFact = (words, draft, _host, context) => {
  const [, protocol = "", place = ""] = SOCKET.exec(words) ?? [];
  const local = /^\d+$/.test(place) ? `*:${place}` : place;
  const state = protocol === "udp" ? "UNCONN" : "LISTEN";
  const dump = readSockets(`${protocol} ${state} 0 0 ${local} *:*`, context.file, context.origins);
  const [read] = dump.sockets;
  if (protocol === "" || read === undefined) {
    context.refuse(1, "This is no socket.", EXAMPLES.socket);
    return;
  }
  draft.sockets = [...draft.sockets, { ...read, origin: context.origin }];
};

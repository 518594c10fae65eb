import { complain, elements, type Field, text } from "../../kubernetes/field.ts";
import type { ListeningSocket } from "../../model/socket.ts";
import { parseAddress } from "../../net/address.ts";
import { hasPorts, parseProtocol } from "../../net/protocol.ts";
import type { DescriptionReading } from "./description-reading.ts";

/** Programs that listen on a machine: `tcp/22`, `tcp/22 sshd`, `tcp/172.16.0.10:22 sshd`, `tcp/[fd00::1]:22`. */
export function readListen(field: Field, reading: DescriptionReading): readonly ListeningSocket[] {
  return elements(field).flatMap((entry) => {
    const written = text(entry);
    if (written === null) return [];
    const socket = parseListen(written);
    if (socket === null) complain(entry, "<protocol>/<port> <program>, such as `tcp/22 sshd`");
    return socket === null ? [] : [{ ...socket, origin: reading.originOf(entry) }];
  });
}

function parseListen(written: string): ListeningSocket | null {
  const found = /^(\w+)\/(?:(?:\[([\da-fA-F:.]+)\]|([\d.]+)):)?(\d{1,5})(?:\s+(\S.*))?$/.exec(written.trim());
  if (found === null) return null;
  const [, name = "", six, four, number = "", program = null] = found;
  const protocol = parseProtocol(name);
  const port = Number(number);
  const host = six ?? four;
  const address = host === undefined ? null : parseAddress(host);
  if (protocol === null || !hasPorts(protocol) || port < 1 || port > 65535) return null;
  if (host !== undefined && address === null) return null;
  const family = address === null ? null : address.family;
  return { protocol, address, family, port, interface: null, process: program, certainty: "dumped", origin: 0 };
}

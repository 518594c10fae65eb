import { sendOctets } from "../../emulator/tcp/send.ts";
import { encodeMessage } from "../messages/encode.ts";
import type { Message } from "../messages/message.ts";
import type { PeerConnection } from "./peer.ts";
import type { SpeakerCore } from "./protocol.ts";

export function send(core: SpeakerCore, connection: PeerConnection, message: Message): void {
  sendWrite(core, connection, encodeMessage(message, connection.sendForm));
}

export function sendWrite({ world }: SpeakerCore, { socket }: PeerConnection, octets: Uint8Array): void {
  if (socket !== null) sendOctets(world, socket, [octets]);
}

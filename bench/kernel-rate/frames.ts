import { ROUTER } from "../router.ts";
import type { Flow } from "../traffic.ts";

/** Bytes of one frame: the shortest that Ethernet allows. */
export const FRAME_BYTES = 60;

/** Frames from the sender to the router, one for each flow: TCP SYN, or UDP without a checksum. */
export function framesOf(flows: readonly Flow[]): Buffer {
  const frames = Buffer.alloc(flows.length * FRAME_BYTES);
  flows.forEach((flow, index) => {
    writeFrame(frames.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES), flow);
  });
  return frames;
}

const IP = 14;
const TRANSPORT = IP + 20;

function writeFrame(frame: Buffer, flow: Flow): void {
  frame.write(ROUTER.inside.mac.replaceAll(":", ""), 0, "hex");
  frame.write(ROUTER.sender.mac.replaceAll(":", ""), 6, "hex");
  frame.writeUInt16BE(0x0800, 12);
  const length = flow.protocol === 6 ? 40 : 28;
  frame.writeUInt16BE(0x4500, IP);
  frame.writeUInt16BE(length, IP + 2);
  frame.writeUInt8(64, IP + 8);
  frame.writeUInt8(flow.protocol, IP + 9);
  frame.writeUInt32BE(flow.src >>> 0, IP + 12);
  frame.writeUInt32BE(flow.dst >>> 0, IP + 16);
  frame.writeUInt16BE(checksum(frame.subarray(IP, TRANSPORT), 0), IP + 10);
  frame.writeUInt16BE(flow.sport, TRANSPORT);
  frame.writeUInt16BE(flow.dport, TRANSPORT + 2);
  if (flow.protocol === 17) {
    frame.writeUInt16BE(8, TRANSPORT + 4);
    return;
  }
  frame.writeUInt16BE(0x5002, TRANSPORT + 12);
  frame.writeUInt16BE(0xfaf0, TRANSPORT + 14);
  const pseudo = sum(frame.subarray(IP + 12, TRANSPORT)) + flow.protocol + 20;
  frame.writeUInt16BE(checksum(frame.subarray(TRANSPORT, IP + length), pseudo), TRANSPORT + 16);
}

function sum(bytes: Buffer): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) total += bytes.readUInt16BE(at);
  return total;
}

/** RFC 1071. */
function checksum(bytes: Buffer, start: number): number {
  let total = start + sum(bytes);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

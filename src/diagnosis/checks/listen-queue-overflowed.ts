import { counted } from "./counted.ts";

/** TcpExtListenDrops: SYNs and final ACKs that a listening socket had no room for. */
export const listenQueueOverflowed = counted("TcpExtListenDrops", "connections that a listening socket dropped");

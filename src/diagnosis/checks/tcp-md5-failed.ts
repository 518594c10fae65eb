import type { Check } from "./check.ts";
import { counted } from "./counted.ts";

const COUNTERS: readonly Check[] = [
  counted("TcpExtTCPMD5NotFound", "segments without the TCP MD5 signature that their connection has to have"),
  counted("TcpExtTCPMD5Unexpected", "segments with a TCP MD5 signature that nobody asked for"),
  counted("TcpExtTCPMD5Failure", "segments with a wrong TCP MD5 signature"),
];

/** Passwords of BGP sessions that differ, or that one side has alone: the kernel drops the segments. */
export const tcpMd5Failed: Check = (checked) => COUNTERS.flatMap((check) => check(checked));

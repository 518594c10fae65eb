import type { DumpFindings } from "../dump-findings.ts";
import type { FoundCounter } from "./counters.ts";

/** Names of /proc/net/snmp and netstat by the sentences of `netstat -s` (net-tools, statistics.c), with # for the number. */
const SENTENCES: Readonly<Record<string, string>> = {
  "Ip # total packets received": "InReceives",
  "Ip # with invalid headers": "InHdrErrors",
  "Ip # with invalid addresses": "InAddrErrors",
  "Ip # forwarded": "ForwDatagrams",
  "Ip # with unknown protocol": "InUnknownProtos",
  "Ip # incoming packets discarded": "InDiscards",
  "Ip # incoming packets delivered": "InDelivers",
  "Ip # requests sent out": "OutRequests",
  "Ip # outgoing packets dropped": "OutDiscards",
  "Ip # dropped because of missing route": "OutNoRoutes",
  "Ip # fragments dropped after timeout": "ReasmTimeout",
  "Ip # reassemblies required": "ReasmReqds",
  "Ip # packets reassembled ok": "ReasmOKs",
  "Ip # packet reassemblies failed": "ReasmFails",
  "Ip # packet reassembles failed": "ReasmFails",
  "Ip # fragments received ok": "FragOKs",
  "Ip # fragments failed": "FragFails",
  "Ip # fragments created": "FragCreates",
  "Icmp # ICMP messages received": "InMsgs",
  "Icmp # input ICMP message failed": "InErrors",
  "Icmp # ICMP messages sent": "OutMsgs",
  "Icmp # ICMP messages failed": "OutErrors",
  "Tcp # active connection openings": "ActiveOpens",
  "Tcp # passive connection openings": "PassiveOpens",
  "Tcp # failed connection attempts": "AttemptFails",
  "Tcp # connection resets received": "EstabResets",
  "Tcp # connections established": "CurrEstab",
  "Tcp # segments received": "InSegs",
  "Tcp # segments sent out": "OutSegs",
  "Tcp # segments retransmitted": "RetransSegs",
  "Tcp # bad segments received": "InErrs",
  "Tcp # resets sent": "OutRsts",
  "Udp # packets received": "InDatagrams",
  "Udp # packets to unknown port received": "NoPorts",
  "Udp # packet receive errors": "InErrors",
  "Udp # packets sent": "OutDatagrams",
  "Udp # receive buffer errors": "RcvbufErrors",
  "Udp # send buffer errors": "SndbufErrors",
  "TcpExt # SYNs to LISTEN sockets dropped": "ListenDrops",
  "TcpExt # times the listen queue of a socket overflowed": "ListenOverflows",
  "TcpExt # resets received for embryonic SYN_RECV sockets": "EmbryonicRsts",
  "TcpExt # TCP sockets finished time wait in fast timer": "TW",
  "TcpExt # delayed acks sent": "DelayedACKs",
  "TcpExt # packet headers predicted": "TCPHPHits",
  "TcpExt # acknowledgments not containing data payload received": "TCPPureAcks",
  "TcpExt # predicted acknowledgments": "TCPHPAcks",
  "TcpExt # other TCP timeouts": "TCPTimeouts",
  "TcpExt # connections aborted due to timeout": "TCPAbortOnTimeout",
  "TcpExt # connections reset due to unexpected data": "TCPAbortOnData",
  "TcpExt # connections reset due to early user close": "TCPAbortOnClose",
  "TcpExt # fast retransmits": "TCPFastRetrans",
  "TcpExt # retransmits lost": "TCPLostRetransmit",
  "TcpExt # SYN cookies sent": "SyncookiesSent",
  "TcpExt # SYN cookies received": "SyncookiesRecv",
  "TcpExt # invalid SYN cookies received": "SyncookiesFailed",
};

/** What stands below `ICMP input histogram:` and `ICMP output histogram:`. */
const HISTOGRAM: Readonly<Record<string, string>> = {
  "destination unreachable": "DestUnreachs",
  "timeout in transit": "TimeExcds",
  "wrong parameters": "ParmProbs",
  "source quenches": "SrcQuenchs",
  redirects: "Redirects",
  redirect: "Redirects",
  "echo requests": "Echos",
  "echo request": "Echos",
  "echo replies": "EchoReps",
  "timestamp request": "Timestamps",
  "timestamp reply": "TimestampReps",
  "timestamp replies": "TimestampReps",
  "address mask request": "AddrMasks",
  "address mask replies": "AddrMaskReps",
};

const HEADING = /^(Ip|Icmp|IcmpMsg|Tcp|Udp|UdpLite|TcpExt|IpExt|MPTcpExt|Ip6|Icmp6|Udp6|UdpLite6|Sctp):$/;
const HISTOGRAM_HEADING = /^\s+ICMP (input|output) histogram:$/;
const NAMED = /^\s+(\w[\w ]*): (\d+)$/;
const SENTENCE = /^\s+(\D*)(\d+)(\D*)$/;

export function isStatisticsHeading(line: string): boolean {
  return HEADING.test(line);
}

/** Reads the lines of `netstat -s` one after another. */
export interface StatisticsReader {
  /** Below a heading of `netstat -s`. */
  isOpen(): boolean;
  read(text: string, line: number, found: FoundCounter[], findings: DumpFindings): void;
}

export function statisticsReader(): StatisticsReader {
  let group = "";
  let histogram: "In" | "Out" | null = null;
  return {
    isOpen: () => group !== "",
    read(text, line, found, findings) {
      const heading = HEADING.exec(text);
      const icmp = HISTOGRAM_HEADING.exec(text);
      if (heading !== null) {
        group = heading[1] ?? "";
        histogram = null;
        return;
      }
      if (icmp !== null) {
        histogram = icmp[1] === "input" ? "In" : "Out";
        return;
      }
      const named = NAMED.exec(text);
      const sentence = SENTENCE.exec(text);
      const kind = named?.[1] ?? "";
      const inHistogram = histogram === null || !Object.hasOwn(HISTOGRAM, kind) ? undefined : HISTOGRAM[kind];
      if (named !== null && inHistogram !== undefined) {
        found.push({ name: `${group}${histogram ?? ""}${inHistogram}`, value: Number(named[2]), line });
      } else if (named !== null && !kind.includes(" ")) {
        found.push({ name: `${group}${kind}`, value: Number(named[2]), line });
      } else {
        const key = sentence === null ? "" : `${group.replace("6", "")} ${sentence[1] ?? ""}#${sentence[3] ?? ""}`;
        const name = Object.hasOwn(SENTENCES, key) ? SENTENCES[key] : undefined;
        if (name !== undefined) found.push({ name: `${group}${name}`, value: Number(sentence?.[2]), line });
        else if (!/^\s+(?:Forwarding is|Default TTL is)/.test(text)) {
          findings.once(
            "unread-counters",
            "info",
            line,
            "Some sentences of netstat -s are not read; nstat -az prints all counters by name.",
          );
        }
      }
    },
  };
}

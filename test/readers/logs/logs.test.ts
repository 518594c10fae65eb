import fc from "fast-check";
import { expect, test } from "vitest";
import { originTable, sourceOf } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { readLogLines } from "../../../src/readers/logs/log-lines.ts";
import { loggedPacket } from "../../../src/readers/logs/logged-packet.ts";
import { recogniseDump } from "../../../src/readers/recognise.ts";

/** As Linux 6.18 wrote them for `-j LOG --log-prefix`, `-j LOG` and ip6tables. */
const KERNEL = `[27199.422392] xt_addrtype: ipv6 PROHIBIT (THROW, NAT ..) matching not supported
[27207.117566] podpath: IN=lo OUT= MAC=00:00:00:00:00:00:00:00:00:00:00:00:08:00 SRC=127.0.0.1 DST=127.0.0.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=57051 DF PROTO=TCP SPT=44332 DPT=179 WINDOW=65495 RES=0x00 SYN URGP=0 
[27207.135894] IN=lo OUT= MAC=00:00:00:00:00:00:00:00:00:00:00:00:08:00 SRC=127.0.0.1 DST=127.0.0.1 LEN=84 TOS=0x00 PREC=0x00 TTL=64 ID=53453 DF PROTO=ICMP TYPE=8 CODE=0 ID=2347 SEQ=1 
[27207.136345] six IN=lo OUT= MAC=00:00:00:00:00:00:00:00:00:00:00:00:86:dd SRC=0000:0000:0000:0000:0000:0000:0000:0001 DST=0000:0000:0000:0000:0000:0000:0000:0001 LEN=50 TC=0 HOPLIMIT=64 FLOWLBL=406066 PROTO=UDP SPT=48767 DPT=53 LEN=10 
`;
const OTHERS = `Feb 15 10:00:00 worker-1 kernel: [123.456789] nf_conntrack: nf_conntrack: table full, dropping packet
2025-02-15T10:00:00.000000+00:00 worker-1 kubelet[812]: networkPlugin cni failed: no more free addresses in pools
2025-02-15 10:00:00.123 [WARNING][67] felix/int_dataplane.go 1234: Kernel's RPF check is set to 'loose'.
bird: BGP: Unexpected connect from unknown address 172.16.0.99 (port 40000)
Feb 15 10:00:01 worker-1 systemd[1]: Started Session 12 of user root.
`;

test("logs are recognised, and of their lines those are kept that speak of the network", () => {
  expect(recogniseDump(KERNEL)).toBe("log");
  expect(recogniseDump(OTHERS)).toBe("log");
  const origins = originTable();
  const { lines, findings } = readLogLines(OTHERS, "journal.txt", origins);
  expect(findings).toEqual([]);
  expect(lines.map(({ time, program, text }) => [time, program, text.slice(0, 30)])).toEqual([
    ["Feb 15 10:00:00", "kernel", "nf_conntrack: nf_conntrack: ta"],
    ["2025-02-15T10:00:00.000000+00:00", "kubelet", "networkPlugin cni failed: no m"],
    ["2025-02-15 10:00:00.123", "felix", "int_dataplane.go 1234: Kernel'"],
    [null, "bird", "BGP: Unexpected connect from u"],
  ]);
  expect(sourceOf(origins, lines[3]?.origin ?? 0)).toEqual({ file: "journal.txt", line: 4 });
});

test("packets that the kernel logged are read as it wrote them", () => {
  const packets = readLogLines(KERNEL, "dmesg.txt", originTable()).lines.map(({ text }) => loggedPacket(text));
  expect(
    packets.map(
      (one) =>
        one && [
          one.prefix,
          one.inInterface,
          one.outInterface,
          formatAddress(one.source),
          one.protocol,
          one.destinationPort,
        ],
    ),
  ).toEqual([
    ["podpath: ", "lo", null, "127.0.0.1", 6, 179],
    ["", "lo", null, "127.0.0.1", 1, null],
    ["six ", "lo", null, "::1", 17, 53],
  ]);
});

test("no text makes them throw, and of a long log a bounded part is kept", () => {
  const words = fc.constantFrom(
    "IN=eth0 ",
    "OUT= ",
    "SRC=10.0.0.1 ",
    "DST=10.0.0.2 ",
    "PROTO=TCP ",
    "DPT=99999 ",
    "\n",
    "[1.000000] ",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 30 }), (parts) => {
      for (const { text } of readLogLines(parts.join(""), "f", originTable()).lines) loggedPacket(text);
    }),
  );
  const long = readLogLines("kernel: martian source 10.0.0.1\n".repeat(5000), "f", originTable());
  expect(long.lines.length).toBe(1000);
  expect(long.findings.map(({ code }) => code)).toEqual(["log-too-long"]);
});

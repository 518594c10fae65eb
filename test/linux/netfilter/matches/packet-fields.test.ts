import { describe, expect, it } from "vitest";
import { freeValue } from "../../../../src/linux/free-value.ts";
import { DCCP, ICMP, ICMPV6, UDP } from "../../../../src/net/protocol.ts";
import { address, bench, frame, holds } from "./bench-host.ts";

describe("TCP and UDP ports", () => {
  it.each([
    ["-p tcp -m tcp --dport 80", true],
    ["-p tcp -m tcp --dport 80:90", true],
    ["-p tcp -m tcp ! --dport 80", false],
    ["-p tcp -m tcp --sport 1:1023", false],
    ["-p tcp -m tcp --sport 40000 --dport 81", false],
    // As iptables-nft has it; legacy is held against the kernel with it (test/kernel/facts/match-options).
    ["-p tcp -m tcp ! --dport 0:65535", true],
    ["-p tcp -m tcp ! --dport 0:65535 --sport 1", false],
    ["-p tcp -m tcp ! --dport 0:65535 ! --tcp-option 2", false],
    ["-p udp -m udp --dport 80", false],
    ["-p tcp -m multiport --dports 22,80", true],
    ["-p tcp -m multiport --ports 40000", true],
    ["-p tcp -m multiport ! --ports 1,40000:40001", false],
    ["-p tcp -m multiport --sports 80,443", false],
  ])("%s holds for 40000 > 80: %s", (text, expected) => {
    expect(holds(text, frame())).toBe(expected);
  });

  it("never match a further fragment, negated or not", () => {
    for (const text of ["-p tcp -m tcp", "-p tcp -m tcp ! --dport 81", "-p tcp -m multiport ! --dports 1,2"]) {
      expect(holds(text, frame({ fragmentOffset: 1480 }))).toBe(false);
    }
  });

  it("ask about a port nobody has chosen, with the odds of an even draw", () => {
    const on = bench();
    const sport = freeValue(on.runtime.services.freeValues, [{ first: 1024, last: 1123 }]);
    expect(holds("-p tcp -m multiport --sports 1024:1043,9", frame({ sport }), on)).toBe(true);
    expect(on.asked[0]?.alternatives[0]?.probability).toBeCloseTo(0.2);
    expect(holds("-p tcp -m tcp --sport 1024:1043", frame({ sport }), on)).toBe(true);
    expect(on.asked).toHaveLength(1);
  });

  it("are read of DCCP too", () => {
    expect(holds("-p dccp -m dccp --dport 80", frame({ protocol: DCCP, payloadLength: 4 }))).toBe(true);
    expect(holds("-p dccp -m dccp ! --dport 80", frame({ protocol: DCCP, payloadLength: 4 }))).toBe(false);
    expect(holds("-p dccp -m dccp --dport 80", frame({ protocol: DCCP, fragmentOffset: 8, payloadLength: 4 }))).toBe(
      false,
    );
  });
});

describe("TCP flags", () => {
  it.each([
    ["--syn", 0x02, true],
    ["--syn", 0x12, false],
    ["! --syn", 0x10, true],
    ["--tcp-flags ALL NONE", 0, true],
    ["--tcp-flags ALL FIN,PSH,URG", 0x29, true],
    ["--tcp-flags SYN,RST SYN,RST", 0x02, false],
    ["--tcp-flags NONE NONE", 0x3f, true],
  ])("-p tcp -m tcp %s on flags %i: %s", (text, flags, expected) => {
    expect(holds(`-p tcp -m tcp ${text}`, frame({ flags }))).toBe(expected);
  });

  it("leave TCP options other than the segment size unknown", () => {
    const on = bench();
    expect(holds("-p tcp -m tcp --tcp-option 2", frame({ mss: 1460 }), on)).toBe(true);
    expect(on.asked).toHaveLength(0);
    holds("-p tcp -m tcp --tcp-option 8", frame(), on);
    expect(on.asked[0]?.kind).toBe("unknown");
  });
});

describe("ICMP types", () => {
  it.each([
    ["-p icmp -m icmp --icmp-type 8", 8, 0, true],
    ["-p icmp -m icmp --icmp-type 3/4", 3, 3, false],
    ["-p icmp -m icmp ! --icmp-type 3/4", 3, 3, true],
    ["-p icmp -m icmp --icmp-type any", 13, 0, true],
    ["-p icmp -m icmp ! --icmp-type any", 13, 0, false],
  ])("%s on type %i code %i: %s", (text, icmpType, icmpCode, expected) => {
    expect(holds(text, frame({ protocol: ICMP, icmpType, icmpCode }))).toBe(expected);
  });

  it("of IPv6 know no wildcard", () => {
    const six = frame({ src: address("fd00::1"), dst: address("fd00::2"), protocol: ICMPV6, icmpType: 128 });
    expect(holds("-p icmpv6 -m icmp6 --icmpv6-type 255", six)).toBe(false);
    expect(holds("-p icmpv6 -m icmp6 --icmpv6-type echo-request", six)).toBe(true);
  });
});

describe("Other header fields", () => {
  it.each([
    ["-m ttl --ttl-lt 64", false],
    ["-m ttl --ttl-gt 63", true],
    ["-m ttl ! --ttl-eq 64", false],
    ["-m tos --tos 0x10", false],
    ["-m dscp --dscp-class EF", true],
    ["-m dscp ! --dscp 46", false],
    ["-m length --length 40", true],
    ["-m length ! --length 0:39", true],
    ["-m iprange --src-range 10.0.0.0-10.0.0.5", true],
    ["-m iprange --src-range 10.0.0.5-10.0.0.0", false],
    ["-m iprange ! --dst-range 10.0.0.2-10.0.0.2", false],
    ["-m iprange --src-range 10.0.0.1 --dst-range 10.0.0.3-10.0.0.4", false],
    ["-m pkttype --pkt-type unicast", true],
    ["-m pkttype ! --pkt-type broadcast", true],
    ["-m mac --mac-source 02:00:00:00:00:01", false],
    ["-m mac ! --mac-source 02:00:00:00:00:01", false],
    ["-m ipvs --ipvs", false],
    ["-m ipvs ! --ipvs", true],
    ["-m physdev --physdev-in eth0", false],
    ["-m physdev ! --physdev-in eth0", true],
    ["-m physdev ! --physdev-is-bridged --physdev-is-in", false],
    ["-m physdev ! --physdev-is-bridged ! --physdev-is-in", true],
  ])("%s holds: %s", (text, expected) => {
    expect(holds(text, frame({ tos: 0xb8 }))).toBe(expected);
  });

  it("compare IPv6 ranges over all four words", () => {
    const six = frame({ src: address("fd00::1:5"), dst: address("fd00::2"), protocol: UDP });
    expect(holds("-m iprange --src-range fd00::9-fd00::2:0", six)).toBe(true);
    expect(holds("-m iprange --src-range fd00::1:6-fd00::2:0", six)).toBe(false);
  });
});

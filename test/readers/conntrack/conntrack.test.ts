import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { parseAddress } from "../../../src/net/address.ts";
import { readConntrack } from "../../../src/readers/conntrack.ts";
import { codes, fixture, withoutOrigin } from "../fixture.ts";

const read = (text: string) => readConntrack(text, "f", originTable());

test("`-o extended` and /proc/net/nf_conntrack say the same as `-L`", () => {
  const all = read(fixture("conntrack/fixtures/list.txt"));
  expect(all.findings).toEqual([]);
  expect(withoutOrigin(read(fixture("conntrack/fixtures/list-extended.txt")).records)).toEqual(
    withoutOrigin(all.records),
  );
  const byText = (dump: ReturnType<typeof read>): readonly string[] =>
    dump.records.map((r) => JSON.stringify(withoutOrigin(r))).sort();
  expect(byText(read(fixture("conntrack/fixtures/proc.txt")))).toEqual(byText(all));
  expect(all.records.length).toBe(8);
});

test("every field of a NATed connection", () => {
  const line =
    "tcp      6 86399 ESTABLISHED src=192.168.1.2 dst=10.96.0.80 sport=40000 dport=80 packets=3 bytes=9 src=192.168.2.2 dst=192.168.1.2 sport=8080 dport=40000 [ASSURED] mark=8 secctx=system_u:object_r:x zone=3 use=1";
  expect(read(line)).toEqual({
    findings: [],
    records: [
      {
        protocol: 6,
        timeout: 86399,
        state: "ESTABLISHED",
        original: {
          src: parseAddress("192.168.1.2"),
          dst: parseAddress("10.96.0.80"),
          sport: 40000,
          dport: 80,
          icmpType: 0,
          icmpCode: 0,
          icmpId: 0,
          counted: { packets: 3, bytes: 9 },
        },
        reply: {
          src: parseAddress("192.168.2.2"),
          dst: parseAddress("192.168.1.2"),
          sport: 8080,
          dport: 40000,
          icmpType: 0,
          icmpCode: 0,
          icmpId: 0,
          counted: null,
        },
        unreplied: false,
        assured: true,
        mark: 8,
        zone: 3,
        replyZone: 3,
        helper: null,
        origin: 1,
      },
    ],
  });
});

test("an unanswered echo request", () => {
  const line =
    "icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=77 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=77 mark=0 use=1";
  expect(read(line).records).toMatchObject([
    {
      protocol: 1,
      unreplied: true,
      state: null,
      original: { icmpType: 8, icmpId: 77 },
      reply: { icmpType: 0, icmpId: 77 },
    },
  ]);
});

test("an offloaded connection has no timeout and no state", () => {
  const line =
    "ipv4     2 tcp      6 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 [OFFLOAD] mark=0 zone=0 use=2";
  const dump = read(line);
  expect(dump.records).toMatchObject([{ timeout: null, state: null }]);
  expect(codes(dump)).toEqual(["ignored-option"]);
});

test("statistics after the flows of `-LSC`, and the count of stderr, are no connections", () => {
  const text =
    "udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 mark=0 use=1\nconntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.\ncpu=0   \tfound=0 invalid=0 insert=0\nentries  searched found new invalid\n00000005 00000000 00000000\n1\n";
  expect(read(text)).toMatchObject({ records: [{ protocol: 17 }], findings: [] });
});

test("fewer connections than the tool counted is a finding", () => {
  expect(codes(read("conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown."))).toEqual([
    "truncated-dump",
  ]);
});

test.each([
  "hello",
  "tcp      6 10 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2",
  "tcp      6 10 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=x.y dst=10.0.0.1 sport=2 dport=1 mark=0",
  "tcp      6 10 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 src=10.0.0.2 dst=10.0.0.1 mark=lots",
])("%s is reported", (line) => {
  expect(read(line)).toMatchObject({ records: [], findings: [{ code: "unknown-line", line: 1 }] });
});

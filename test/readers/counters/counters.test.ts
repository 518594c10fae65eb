import { expect, test } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { readConntrackStatistics } from "../../../src/readers/counters/conntrack-statistics.ts";
import { readCounters } from "../../../src/readers/counters/counters.ts";
import { codes, fixture } from "../fixture.ts";

const read = (text: string) => readCounters(text, "f", originTable());
const counters = (text: string): ReadonlyMap<string, number> =>
  new Map(read(text).counters.map(({ name, value }) => [name, value]));
const recorded = (name: string): string => fixture(`counters/fixtures/${name}.txt`);
const statistics = (text: string) => readConntrackStatistics(text, "f", originTable());

test("nstat as text and as JSON tell the same counters", () => {
  const text = counters(recorded("nstat"));
  const json = counters(recorded("nstat.json"));
  expect(text.get("IpInDelivers")).toBeGreaterThan(0);
  for (const [name, value] of text) expect(json.get(name), name).toBe(value);
});

test("/proc/net/snmp, netstat and snmp6 tell them by the same names", () => {
  const truth = counters(recorded("nstat"));
  const proc = counters(recorded("snmp") + recorded("netstat-proc") + recorded("snmp6"));
  const differing = [...truth].filter(([name, value]) => proc.get(name) !== value);
  expect(differing).toEqual([]);
  expect(codes(read(recorded("snmp") + recorded("netstat-proc")))).toEqual([]);
});

test("the sentences of netstat -s are counters by name", () => {
  const truth = counters(recorded("nstat"));
  const told = counters(recorded("netstat-s"));
  expect(told.size).toBeGreaterThan(25);
  for (const [name, value] of told) {
    if (truth.has(name)) expect(value, name).toBe(truth.get(name));
    else expect(["TcpCurrEstab", "IpForwarding"]).toContain(name);
  }
});

test("values without their names, and lines that are none, are told", () => {
  expect(codes(read("Ip: 1 2 3\n"))).toEqual(["damaged-line"]);
  expect(codes(read("Ip: A B\nIp: 1 2 3\n"))).toEqual(["damaged-line"]);
  expect(codes(read("#kernel\nIpInReceives 5 0.0\nhello\n"))).toEqual(["unknown-line"]);
  expect(codes(read("IpInReceives 5 0.0\nIpInReceives 6 0.0\n"))).toEqual(["counter-twice"]);
});

test("conntrack -S per CPU, as sums, and as columns", () => {
  const cpus = statistics(recorded("conntrack-cpus"));
  expect(cpus.statistics).toContainEqual(expect.objectContaining({ cpu: 1, name: "insert_failed", value: 0 }));
  expect(cpus.findings).toEqual([]);
  const columns = statistics(recorded("conntrack-columns"));
  expect(columns.findings).toEqual([]);
  expect(new Set(columns.statistics.map(({ name }) => name))).toContain("early_drop");
  expect(columns.statistics.filter(({ name }) => name === "entries")).toHaveLength(1);
  const sums = statistics("entries                 27\nsearched                0\ninsert_failed           3\n");
  expect(sums.statistics).toMatchObject([
    { cpu: null, name: "entries", value: 27 },
    { name: "searched" },
    { name: "insert_failed", value: 3 },
  ]);
});

test("conntrack -LSC: the flows above the statistics are passed over", () => {
  const flow =
    "tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 [ASSURED] mark=0 use=1\n";
  const dump = statistics(
    `${flow}${recorded("conntrack-cpus")}1\nconntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.\n`,
  );
  expect(dump.findings).toEqual([]);
  expect(dump.statistics).toContainEqual(expect.objectContaining({ name: "entries", value: 1 }));
});

import { expect, test } from "vitest";
import { SYSCTL_FIDELITY } from "../../../src/linux/datapath-fidelity.ts";
import { formatSource, originTable, sourceOf } from "../../../src/model/origin.ts";
import { readSysctls, sysctlKey } from "../../../src/readers/sysctl.ts";
import { takenInstead } from "../../../src/readers/unmodelled-sysctl.ts";
import { codes, fixture } from "../fixture.ts";

const read = (text: string) => readSysctls(text, "f", originTable());

test("a real output", () => {
  const { values, findings } = read(fixture("sysctl/fixtures/sysctl.txt"));
  expect(findings).toEqual([]);
  expect(values.get("net.ipv4.conf.all.rp_filter")).toBe("0");
  expect(values.get("net.ipv4.tcp_rmem")?.split(" ").length).toBe(3);
});

test.each([
  ["net.ipv4.ip_forward", "net.ipv4.ip_forward"],
  ["net/ipv4/ip_forward", "net.ipv4.ip_forward"],
  ["net.ipv4.conf.vxlan/calico.rp_filter", "net.ipv4.conf.vxlan/calico.rp_filter"],
  ["net/ipv4/conf/vxlan.calico/rp_filter", "net.ipv4.conf.vxlan/calico.rp_filter"],
  ["/proc/sys/net/ipv4/conf/vxlan.calico/rp_filter", "net.ipv4.conf.vxlan/calico.rp_filter"],
  ["net.ipv4.conf.vxlan.calico.rp_filter", "net.ipv4.conf.vxlan/calico.rp_filter"],
  ["net.ipv6.conf.eth0.100.20.forwarding", "net.ipv6.conf.eth0/100/20.forwarding"],
  ["net.ipv4.neigh.wireguard.cali.proxy_delay", "net.ipv4.neigh.wireguard/cali.proxy_delay"],
  ["net.ipv4.conf.all.rp_filter", "net.ipv4.conf.all.rp_filter"],
])("%s is %s", (written, key) => {
  expect(sysctlKey(written)).toBe(key);
});

test("all ways to write a value", () => {
  const text =
    "net.ipv4.a = 1\nnet.ipv4.b=2\n-net.ipv4.c =3\n/proc/sys/net/ipv4/d:4\n# net.ipv4.e = 5\nnet.ipv4.f =\nnet.ipv4.g = 1\t2\n";
  expect([...read(text).values]).toEqual([
    ["net.ipv4.a", "1"],
    ["net.ipv4.b", "2"],
    ["net.ipv4.c", "3"],
    ["net.ipv4.d", "4"],
    ["net.ipv4.f", ""],
    ["net.ipv4.g", "1 2"],
  ]);
});

test("keys that may not be read are worth a remark, other lines a warning", () => {
  const dump = read(
    "sysctl: permission denied on key 'net.ipv4.tcp_fastopen_key'\nhello\nnet.ipv4.conf.*.rp_filter = 1",
  );
  expect(dump.findings).toMatchObject([
    { code: "unreadable-key", severity: "info", line: 1 },
    { code: "unknown-line", severity: "warning", line: 2 },
    { code: "unknown-line", line: 3 },
  ]);
});

test("a value that the kernel refuses does not count, and is told", () => {
  const dump = read(
    "net.ipv4.ip_forward = 1\nnet.ipv4.ip_forward = yes\nnet.ipv4.conf.all.rp_filter =\nnet.ipv6.conf.e/1.stable_secret = fe80::1\nnet.ipv4.conf.lo.rp_filter=0x2",
  );
  expect(dump.findings).toMatchObject([
    { code: "sysctl-value", severity: "warning", line: 2, column: 23, expected: "a number" },
    { code: "sysctl-value", line: 3 },
  ]);
  expect([...dump.values]).toEqual([
    ["net.ipv4.ip_forward", "1"],
    ["net.ipv6.conf.e/1.stable_secret", "fe80::1"],
    ["net.ipv4.conf.lo.rp_filter", "2"],
  ]);
});

test("the last of two values counts, and its line is cited", () => {
  const origins = originTable();
  const dump = readSysctls("net.ipv4.a = 1\nnet.ipv4.a = 2", "s", origins);
  expect(dump.values.get("net.ipv4.a")).toBe("2");
  expect(formatSource(sourceOf(origins, dump.origins.get("net.ipv4.a") ?? 0))).toBe("s:2");
  expect(codes(dump)).toEqual(["duplicate-key"]);
});

test("keys that name prototypes are keys like any other", () => {
  expect(read("__proto__ = 1\nconstructor = 2").values.size).toBe(1);
});

test.each([
  ["net.ipv4.tcp_mtu_probing = 1", false],
  ["net.ipv4.conf.eth0.drop_unicast_in_l2_multicast = 1", false],
  ["net.bridge.bridge-nf-filter-vlan-tagged = 1", true],
  ["net.bridge.bridge-nf-filter-vlan-tagged = 0", false],
  ["net.ipv4.neigh.eth0.unres_qlen_bytes = 4096", false],
  ["net.ipv4.neigh.cali1.proxy_qlen = 0", false],
  ["net.ipv4.ipfrag_high_thresh = 8388608", false],
  ["net.ipv4.ipfrag_high_thresh = 0", false],
  ["net.ipv4.conf.all.arp_evict_nocarrier = 0", false],
  ["net.ipv4.tcp_wmem = 1", false],
])("%s: told as not modelled: %s", (line, isTold) => {
  expect(codes(read(`${line}\n`))).toEqual(isTold ? ["unmodelled-sysctl"] : []);
});

test("no sysctl that the passport has a row of is told as not modelled", () => {
  expect(Object.keys(SYSCTL_FIDELITY).filter((key) => takenInstead(key, "-1") !== null)).toEqual([]);
});

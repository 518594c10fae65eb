import { expect, test } from "vitest";
import { parseASNumber } from "../../src/calico/as-number.ts";
import { readBGPConfiguration } from "../../src/calico/bgp-configuration.ts";
import { readBGPFilter } from "../../src/calico/bgp-filter.ts";
import { parsePeerAddress, readBGPPeer } from "../../src/calico/bgp-peer.ts";
import { readBlockAffinity } from "../../src/calico/block-affinity.ts";
import { parseDuration } from "../../src/kubernetes/duration-field.ts";
import { type Field, formatFieldPath, topField } from "../../src/kubernetes/field.ts";
import { readSecret } from "../../src/kubernetes/secret.ts";
import { formatAddress } from "../../src/net/address.ts";

function problemsOf(read: (field: Field, origin: number) => unknown, value: unknown): string[] {
  const field = topField(value);
  read(field, 0);
  return field.problems.map((one) => `${formatFieldPath(one.path)}: ${one.found}, not ${one.expected}`);
}

test("an AS number is a number or two halves, and fits into 32 bits", () => {
  expect(["64512", "0", "4294967295", "1.10", "65535.65535"].map(parseASNumber)).toEqual([
    64512, 0, 4294967295, 65546, 4294967295,
  ]);
  expect(["4294967296", "-1", "1.65536", "65536.1", "x", "", "1.2.3"].map(parseASNumber)).toEqual(Array(7).fill(null));
  expect(problemsOf(readBGPPeer, { spec: { asNumber: 4294967296 } })).toEqual([
    "spec.asNumber: the number 4294967296, not an AS number from 0 to 4294967295",
  ]);
});

test("a peer's address may have a port", () => {
  const read = (text: string) => {
    const peer = parsePeerAddress(text);
    return peer === null ? null : [formatAddress(peer.address), peer.port];
  };
  expect(read("10.0.0.1")).toEqual(["10.0.0.1", null]);
  expect(read("10.0.0.1:1179")).toEqual(["10.0.0.1", 1179]);
  expect(read("[fd00::1]:1179")).toEqual(["fd00::1", 1179]);
  expect(read("fd00::1")).toEqual(["fd00::1", null]);
  expect(read("tor.example")).toBeNull();
  expect(read("10.0.0.1:70000")).toBeNull();
});

test("durations are Go's", () => {
  expect(["90s", "1m30s", "1.5h", "500ms", "0", ".5s"].map(parseDuration)).toEqual([90, 90, 5400, 0.5, 0, 0.5]);
  expect(["", "90", "s", "1d", "1 s"].map(parseDuration)).toEqual(Array(5).fill(null));
});

test("a rule of a filter with something wrong in it is left out, because it would apply to more routes without", () => {
  const spec = {
    importV4: [
      { action: "Accept", cidr: "10.0.0.0/8", matchOperator: "In", prefixLength: { min: 16, max: 24 } },
      { action: "Reject", source: "Somewhere" },
      { action: "Reject", cidr: "10.0.0.0/8" },
      { action: "Drop" },
      { action: "Reject" },
    ],
  };
  expect(readBGPFilter(topField({ spec }), 0).importV4.map(({ action, cidr }) => [action, cidr?.text])).toEqual([
    ["Accept", "10.0.0.0/8"],
    ["Reject", undefined],
  ]);
  expect(problemsOf(readBGPFilter, { spec })).toEqual([
    'spec.importV4[1].source: "Somewhere", not RemotePeers',
    "spec.importV4[2].matchOperator: missing, not cidr and matchOperator, both or none",
    'spec.importV4[3].action: "Drop", not Accept or Reject',
  ]);
});

test("a selector that makes no sense chooses nothing and is told", () => {
  const value = { spec: { nodeSelector: "rack = 'a'" } };
  expect(readBGPPeer(topField(value), 0).nodeSelector).toEqual({ text: "rack = 'a'", selector: null });
  expect(problemsOf(readBGPPeer, value)).toHaveLength(1);
});

test("of two communities with one name the first counts; addresses of services stay as they are written", () => {
  const spec = {
    communities: [
      { name: "blue", value: "64512:1" },
      { name: "blue", value: "64512:2" },
    ],
    serviceClusterIPs: [{ cidr: "FD00:0::/112" }, { cidr: "10.96.0.1/12" }, { cidr: "10.96.0.1" }],
  };
  const read = readBGPConfiguration(topField({ spec }), 0);
  expect(read.communities.get("blue")).toBe("64512:1");
  expect(read.serviceClusterIPs.map(({ text }) => text)).toEqual(["FD00:0::/112", "10.96.0.1/12"]);
  expect(read.prefixAdvertisements).toBeNull();
});

test("a block affinity from before there were states has none", () => {
  const spec = { node: "n1", cidr: "10.0.0.0/26", deleted: "true" };
  expect(readBlockAffinity(topField({ spec }), 0)).toMatchObject({ node: "n1", state: "", deleted: true });
  expect(readBlockAffinity(topField({ spec: { node: "n1" } }), 0)).toBeNull();
});

test("a Secret's values are decoded and never told", () => {
  const secret = readSecret(topField({ data: { a: "cGFzcw==" }, stringData: { b: "plain" } }), 0);
  expect([...secret.data]).toEqual([
    ["a", "pass"],
    ["b", "plain"],
  ]);
  expect(problemsOf(readSecret, { data: { a: "not base64!" }, stringData: { b: 12345 } }).join()).not.toMatch(
    /not base64!|12345/,
  );
});

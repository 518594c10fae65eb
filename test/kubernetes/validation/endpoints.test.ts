import { describe, expect, test } from "vitest";
import { judged, refusedFields } from "./judged.ts";

const slice = (body: string, metadata = "name: e, namespace: d"): string =>
  `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {${metadata}}, ${body}}\n`;
const v4 = (addresses: string, more = ""): string =>
  slice(`addressType: IPv4, endpoints: [{addresses: [${addresses}]${more}}]`);
const v6 = (addresses: string): string => slice(`addressType: IPv6, endpoints: [{addresses: [${addresses}]}]`);
const names = (addresses: string): string => slice(`addressType: FQDN, endpoints: [{addresses: [${addresses}]}]`);
const sliceOfPorts = (ports: string): string => slice(`addressType: IPv4, endpoints: [], ports: [${ports}]`);
const many = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join(", ");
const endpoints = (subset: string): string =>
  `{apiVersion: v1, kind: Endpoints, metadata: {name: e, namespace: d}, subsets: [${subset}]}\n`;
const READY = "addresses: [{ip: 10.0.0.1}]";

describe("an EndpointSlice or Endpoints object that the API server refuses has no effect, and is told with its field:", () => {
  test.each([
    ["no address type", slice("endpoints: []"), "addressType"],
    ["the older type of both families", slice("addressType: IP, endpoints: []"), "addressType"],
    ["no address", v4(""), "endpoints[0].addresses"],
    ["more than 100 addresses", v4(many(101, (i) => `10.0.0.${i}`)), "endpoints[0].addresses"],
    ["an address of the other family", v4("'fd00::1'"), "endpoints[0].addresses[0]"],
    ["an IPv4 address among IPv6", v6("'fd00::1', 10.0.0.1"), "endpoints[0].addresses[1]"],
    ["an IPv4 address behind ::ffff:", v6("'::ffff:10.0.0.1'"), "endpoints[0].addresses[0]"],
    ["no address at all", v4("123.456.789.012"), "endpoints[0].addresses[0]"],
    ["the loopback address", v4("127.0.0.1"), "endpoints[0].addresses[0]"],
    ["an unspecified address", v6("'::'"), "endpoints[0].addresses[0]"],
    ["a link-local address", v6("'fe80::9656:d028:8652:66b6'"), "endpoints[0].addresses[0]"],
    ["a link-local group", v4("224.0.0.5"), "endpoints[0].addresses[0]"],
    ["a name in capitals", names("FOO.example.com"), "endpoints[0].addresses[0]"],
    ["a name without a dot", names("localhost"), "endpoints[0].addresses[0]"],
    ["a host's name with dashes before", v4("10.0.0.1", ", hostname: '--invalid'"), "endpoints[0].hostname"],
    [
      "a key of its topology",
      v4("10.0.0.1", ", deprecatedTopology: {'--invalid': a}"),
      "endpoints[0].deprecatedTopology.--invalid",
    ],
    [
      "more than 1000 endpoints",
      slice(`addressType: IPv4, endpoints: [${many(1001, () => "{addresses: [10.0.0.1]}")}]`),
      "endpoints",
    ],
    ["two ports without names", sliceOfPorts("{port: 80}, {port: 81}"), "ports[1].name"],
    ["one name for two ports", sliceOfPorts("{name: a, port: 80}, {name: a, port: 81}"), "ports[1].name"],
    ["a port's name in capitals", sliceOfPorts("{name: aCapital}"), "ports[0].name"],
    ["a protocol that is none", sliceOfPorts("{name: http, protocol: foo}"), "ports[0].protocol"],
    ["an application protocol of dashes", sliceOfPorts("{name: http, appProtocol: '--'}"), "ports[0].appProtocol"],
    ["more than 100 ports", sliceOfPorts(many(101, (i) => `{name: p${i}}`)), "ports"],
    ["a name of signs", slice("addressType: IPv4, endpoints: []", "name: '*&^', namespace: d"), "metadata.name"],
    ["a subset without addresses", endpoints("{ports: [{port: 80}]}"), "subsets[0]"],
    [
      "an address that is none",
      endpoints("{addresses: [{ip: 2001}]}").replace("2001", "'[2001:0db8]:80'"),
      "subsets[0].addresses[0].ip",
    ],
    ["an address that is not there", endpoints("{notReadyAddresses: [{}]}"), "subsets[0].notReadyAddresses[0].ip"],
    ["the loopback address in Endpoints", endpoints("{addresses: [{ip: 127.0.0.1}]}"), "subsets[0].addresses[0].ip"],
    [
      "several ports without names",
      endpoints(`{${READY}, ports: [{port: 80}, {name: b, port: 81}]}`),
      "subsets[0].ports[0].name",
    ],
    ["a port too high", endpoints(`{${READY}, ports: [{port: 66000}]}`), "subsets[0].ports[0].port"],
    ["no port", endpoints(`{${READY}, ports: [{name: a}]}`), "subsets[0].ports[0].port"],
    [
      "a protocol in small letters",
      endpoints(`{${READY}, ports: [{port: 80, protocol: tcp}]}`),
      "subsets[0].ports[0].protocol",
    ],
    [
      "a node with a name in capitals",
      endpoints("{addresses: [{ip: 10.0.0.1, nodeName: Node_1}]}"),
      "subsets[0].addresses[0].nodeName",
    ],
  ])("%s", (_, text, field) => {
    expect(refusedFields(text)).toEqual([field]);
    const { endpointSlices, endpoints: older } = judged(text).cluster;
    expect(endpointSlices.size + older.size).toBe(0);
  });
});

describe("an EndpointSlice or Endpoints object that the API server takes is read without a word:", () => {
  test.each([
    ["IPv4", v4("10.1.2.3", ", hostname: valid-123")],
    ["IPv6", v6("'a00:100::4'")],
    ["names", names("foo.example.com, example.com, example.com., hyphens-are-good.example.com")],
    ["a group that others route to", v4("239.1.2.3")],
    ["an empty name beside others", sliceOfPorts("{name: '', port: 80}, {name: http, port: 80}")],
    ["all ports", sliceOfPorts("{name: a}")],
    [
      "a name of 63 letters",
      sliceOfPorts(`{name: ${"a".repeat(63)}, protocol: SCTP, appProtocol: example.com/custom-protocol}`),
    ],
    [
      "as many as there may be",
      slice(
        `addressType: IPv4, endpoints: [${many(1000, () => "{addresses: [10.0.0.1]}")}], ports: [${many(100, (i) => `{name: p${i}}`)}]`,
      ),
    ],
    ["nothing", slice("addressType: IPv4, endpoints: [], ports: []")],
    [
      "Endpoints of a headless Service without ports",
      endpoints("{addresses: [{ip: 10.10.1.1}, {ip: 'fd00::7', hostname: ''}]}"),
    ],
    [
      "a port without a name",
      endpoints("{notReadyAddresses: [{ip: 10.10.1.1, nodeName: node-1.example}], ports: [{port: 80}]}"),
    ],
    ["one name twice", endpoints(`{${READY}, ports: [{name: a, port: 80}, {name: a, port: 81}]}`)],
  ])("%s", (_, text) => {
    const { cluster, findings } = judged(text);
    expect(findings).toEqual([]);
    expect(cluster.endpointSlices.size + cluster.endpoints.size).toBe(1);
  });
});

import { expect, test } from "vitest";
import { birdContext } from "../../../src/calico/bird/bird-context.ts";
import { birdFilesOf } from "../../../src/calico/bird/bird-files-of.ts";
import { clusterOfTexts, declaredNodes } from "./cluster-of-texts.ts";
import { filter, findingsOf, node, peer } from "./findings-of.ts";

const N1 = node("n1", "ipv4Address: 172.16.0.11/24");
const N2 = node("n2", "ipv4Address: 172.16.0.12/24");
const told = (texts: readonly string[], calico?: string, routerId?: string): readonly string[] =>
  findingsOf(texts, calico, routerId).map(
    ({ code, file, line }) => `${code}${file === undefined ? "" : ` ${file}:${line}`}`,
  );

test("nothing is said of a cluster that is in order", () => {
  const tor = peer("tor", "peerIP: 172.16.0.1", "asNumber: 65000", "filters: [f]");
  expect(told([N1, N2, tor, filter("f", "importV4: [{ action: Reject }]")])).toEqual([]);
});

test("a finding says where its resource stands", () => {
  expect(told([N1, peer("tor", "peerIP: 172.16.0.1")])).toEqual(["bgp-peer-without-as bgp.yaml:9"]);
});

test("a peer for nobody, with nobody, or without an address is told", () => {
  const to = (...spec: readonly string[]) => told([N1, peer("p", ...spec, "asNumber: 65000")]);
  expect(to()).toEqual(["bgp-peer-nowhere bgp.yaml:9"]);
  expect(to("peerIP: 172.16.0.1", "node: n7")).toEqual(["bgp-peer-nowhere bgp.yaml:9"]);
  expect(to("peerIP: 172.16.0.1", "nodeSelector: has(rack)")).toEqual(["bgp-peer-nowhere bgp.yaml:9"]);
  expect(told([N1, peer("p", "peerSelector: has(rack)")])).toEqual(["bgp-peer-nowhere bgp.yaml:9"]);
});

test("one identifier for all nodes is told once, a hash of the name is none", () => {
  expect(told([N1, N2], undefined, "10.10.10.10")).toEqual(["bgp-identifier-twice"]);
  expect(told([N1, N2], undefined, "hash")).toEqual([]);
  expect(told([node("n1", "ipv6Address: fd00::1/64"), node("n2", "asNumber: 64513")])).toEqual([
    "bgp-identifier-missing",
  ]);
});

test("one identifier is not told where two machines have the address that it is", () => {
  const same = [N1, node("n2", "ipv4Address: 172.16.0.11/24")];
  const codes = (routerId: string, shared: readonly string[]) =>
    findingsOf(same, "v3.29.2", routerId, shared).map(({ code }) => code);
  expect(codes("", [])).toEqual(["bgp-identifier-twice"]);
  expect(codes("", ["172.16.0.11"])).toEqual([]);
  expect(codes("10.10.10.10", ["172.16.0.11"])).toEqual(["bgp-identifier-twice"]);
});

test("a route reflector that a BGPPeer leads to is not alone", () => {
  const reflector = node("rr", "ipv4Address: 172.16.0.13/24", "routeReflectorClusterID: 244.0.0.1");
  expect(told([N1, reflector])).toEqual(["route-reflector-alone"]);
  expect(told([N1, reflector, peer("p", "nodeSelector: all()", "peerIP: 172.16.0.13", "asNumber: 64512")])).toEqual([]);
});

test("fields are new to the releases that do not have them", () => {
  const rules = filter("f", "importV4: [{ action: Accept, peerType: iBGP, priority: 5 }]");
  expect(told([N1, rules])).toEqual(["calico-field-newer bgp.yaml:9"]);
  expect(told([N1, rules], "v3.33.0")).toEqual([]);
});

test("the DaemonSet calico-node tells the identifiers, the service ranges and where its Secrets are", () => {
  const daemonSet = JSON.stringify({
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "calico-node", namespace: "networking" },
    spec: {
      template: {
        spec: {
          containers: [
            { name: "other", env: [{ name: "CALICO_ROUTER_ID", value: "hash" }] },
            {
              name: "calico-node",
              env: [
                { name: "CALICO_ROUTER_ID", value: "10.10.10.10" },
                { name: "CALICO_ADVERTISE_CLUSTER_IPS", value: "10.96.0.0/12, fd00::/108" },
                { name: "NODENAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
              ],
            },
          ],
        },
      },
    },
  });
  expect(told([N1, N2, `${daemonSet}\n`])).toEqual(["bgp-identifier-twice"]);
  const cluster = clusterOfTexts([{ name: "all", text: [N1, `${daemonSet}\n`].join("---\n") }]);
  const context = birdContext(cluster, declaredNodes(cluster), { calico: "v3.29.2", slices: new Map(), blocks: null });
  expect(birdFilesOf("n1", context)?.get("bird_aggr.cfg")).toContain("route 10.96.0.0/12 blackhole;");
  expect(birdFilesOf("n1", context)?.get("bird6_aggr.cfg")).toContain("route fd00::/108 blackhole;");
  expect(birdFilesOf("n1", context)?.get("bird.cfg")).toContain("router id 10.10.10.10;");
});

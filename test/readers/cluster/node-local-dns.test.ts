import { join } from "node:path";
import { expect, test } from "vitest";
import { readFolder } from "../../../src/cli/read-files.ts";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";
import { askProbe, prepareProbe } from "../../../src/trace/probe.ts";
import { ROOT } from "../../docs/root.ts";

const FILES = new Map(readFolder(join(ROOT, "examples/three-nodes/cluster")));

function daemonSet(args: string): string {
  return `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-local-dns, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: node-local-dns}}
  template:
    metadata: {labels: {k8s-app: node-local-dns}}
    spec:
      hostNetwork: true
      tolerations: [{operator: Exists}]
      containers:
        - name: node-cache
          image: registry.k8s.io/dns/k8s-dns-node-cache:1.23.1
          args: [${args}]
`;
}

function asked(manifest: string, to: string) {
  const files = new Map([...FILES, ["node-local-dns.yaml", manifest]]);
  const { network, findings } = readClusterFolder({ name: "dns", files });
  const prepared = prepareProbe(network, {
    from: "pod/default/left-trsl76tcns-6tqm6",
    to,
    kind: "request",
    protocol: 17,
    port: 53,
    sport: null,
    size: null,
    df: false,
  });
  if ("findings" in prepared) throw new Error(JSON.stringify(prepared.findings));
  const { unknowns, certainty } = askProbe(network, prepared.probe, { everyRule: false, strict: false });
  return { codes: unknowns.map(({ code }) => code), certainty, findings };
}

test.each(['"-localip", "169.254.20.10,10.96.0.10"', '"-conf", "/etc/Corefile", "--localip=169.254.20.10,10.96.0.10"'])(
  "NodeLocal DNSCache leaves queries to its addresses in doubt, and nothing else: %s",
  (args) => {
    for (const to of ["169.254.20.10", "10.96.0.10"]) {
      expect(asked(daemonSet(args), to)).toMatchObject({ codes: ["node-local-dns"], certainty: "uncertain" });
    }
    expect(asked(daemonSet(args), "10.96.0.1").codes).not.toContain("node-local-dns");
  },
);

test("addresses of NodeLocal DNSCache that were not filled in are told where they stand", () => {
  const { findings } = asked(daemonSet('"-localip", "__PILLAR__LOCAL__DNS__,__PILLAR__DNS__SERVER__"'), "10.96.0.10");
  const told = findings.filter(({ file }) => file === "node-local-dns.yaml");
  expect(told).toEqual([expect.objectContaining({ line: 14, expected: expect.stringContaining("__PILLAR__") })]);
});

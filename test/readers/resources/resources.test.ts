import fc from "fast-check";
import { expect, test } from "vitest";
import type { Finding } from "../../../src/model/finding.ts";
import { originTable, sourceOf } from "../../../src/model/origin.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";

function read(text: string): {
  cluster: ReturnType<typeof buildCluster>["cluster"];
  findings: readonly Finding[];
  origins: ReturnType<typeof originTable>;
} {
  const origins = originTable();
  const file = readResources(text, "objects.yaml", origins);
  const built = buildCluster(file.resources);
  return { cluster: built.cluster, findings: [...file.findings, ...built.findings], origins };
}

const pod = (name: string, ip: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop}\nspec: {nodeName: n1}\nstatus: {podIP: ${ip}}\n`;

test("single objects, several documents, lists of any kind and JSON are read alike", () => {
  const object = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "j", namespace: "shop" },
    status: { podIP: "10.0.0.1" },
  };
  const untyped = { metadata: { name: "u", namespace: "shop" } };
  for (const [text, names] of [
    [pod("a", "10.0.0.1"), ["shop/a"]],
    [`---\n${pod("a", "10.0.0.1")}---\n# nothing\n---\n${pod("b", "10.0.0.2")}...\n`, ["shop/a", "shop/b"]],
    [JSON.stringify(object), ["shop/j"]],
    [JSON.stringify({ apiVersion: "v1", kind: "List", items: [object] }), ["shop/j"]],
    [JSON.stringify({ apiVersion: "v1", kind: "PodList", items: [untyped] }), ["shop/u"]],
    [JSON.stringify([object]), ["shop/j"]],
    [`apiVersion: v1\r\nkind: PodList\r\nitems:\r\n- metadata:\r\n    name: w\r\n    namespace: shop\r\n`, ["shop/w"]],
    [`root@n1:~# kubectl get pod a -o yaml\n${pod("a", "10.0.0.1")}`, ["shop/a"]],
  ] as const) {
    const { cluster, findings } = read(text);
    expect([...cluster.pods.keys()], text).toEqual(names);
    expect(findings, text).toEqual([]);
  }
});

test("both spellings of Calico's API are one kind", () => {
  const pool = (version: string): string =>
    `apiVersion: ${version}\nkind: IPPool\nmetadata: {name: p}\nspec: {cidr: 192.168.0.0/16, vxlanMode: CrossSubnet, natOutgoing: true}\n`;
  const { cluster, findings } = read(`${pool("crd.projectcalico.org/v1")}---\n${pool("projectcalico.org/v3")}`);
  const found = cluster.ipPools.get("p");
  expect(found && [formatPrefix(found.cidr), found.vxlanMode, found.natOutgoing, found.blockSize]).toEqual([
    "192.168.0.0/16",
    "CrossSubnet",
    true,
    26,
  ]);
  expect(findings).toEqual([]);
});

test("objects of other kinds are kept with all they have", () => {
  const { cluster } = read(
    "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: door, namespace: shop}\nspec: {ingressClassName: nginx}\n",
  );
  expect(cluster.others.get("Ingress.networking.k8s.io shop/door")?.content).toMatchObject({
    spec: { ingressClassName: "nginx" },
  });
});

test("a resource knows its line in a list", () => {
  const { cluster, origins } = read(
    "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: b\nkind: List\n",
  );
  expect(sourceOf(origins, cluster.pods.get("default/b")?.metadata.origin ?? 0)).toEqual({
    file: "objects.yaml",
    line: 7,
    resource: "Pod b",
    field: "",
  });
});

test("a wrong type is told with line, column, resource and field", () => {
  const { findings } = read(
    "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: a\n  status:\n    podIP: 10.0.0\nkind: List\n",
  );
  expect(findings).toMatchObject([
    {
      code: "wrong-field",
      file: "objects.yaml",
      line: 8,
      column: 12,
      message: 'Pod default/a: status.podIP is "10.0.0".',
      expected: "an IP address",
    },
  ]);
});

test("a broken document loses nothing but itself", () => {
  const { cluster, findings } = read(`${pod("a", "10.0.0.1")}---\nkind: Pod\n  bad: [\n---\n${pod("b", "10.0.0.2")}`);
  expect([...cluster.pods.keys()]).toEqual(["shop/a", "shop/b"]);
  expect(findings).toMatchObject([{ code: "yaml-syntax", line: 8 }]);
});

test("a list that is cut off, or broken in the middle, keeps its whole elements", () => {
  const item = (name: string): string => `- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: ${name}\n`;
  const broken = `apiVersion: v1\nitems:\n${item("a")}- apiVersion: v1\n  kind: Pod\n metadata: {\n${item("c")}- apiVersion: v1\n  kind: "Po`;
  const { cluster, findings } = read(broken);
  expect([...cluster.pods.keys()]).toEqual(["default/a", "default/c"]);
  expect(findings.map((one) => [one.code, one.line])).toEqual([
    ["yaml-syntax", 9],
    ["yaml-syntax", 15],
  ]);
});

test("anchors that explode are refused, also when they only explode when walked", () => {
  const levels = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (let i = 1; i < 30; i++) {
    const [above, own] = [String.fromCharCode(96 + i), String.fromCharCode(97 + i)];
    levels.push(`${own}: &${own} [${Array(9).fill(`*${above}`).join(",")}]`);
    if (i === 24) break;
  }
  const cubic = `apiVersion: v1\nkind: List\np: &p {apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {containers: [${Array(500).fill("{ports: &q []}").join(",")}]}}\nitems: [${Array(500).fill("*p").join(",")}]\n`;
  for (const bomb of [levels.join("\n"), cubic, "a: &a [*a]", "[".repeat(50_000)]) {
    const { cluster, findings } = read(`${bomb}\n---\n${pod("good", "10.0.0.1")}`);
    expect(findings.some((one) => one.code === "yaml-syntax" && one.severity === "error")).toBe(true);
    expect([...cluster.pods.keys()]).toEqual(["shop/good"]);
  }
});

test("an ordinary use of anchors is fine", () => {
  const { cluster, findings } = read(
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: &l {app: web}, annotations: *l}\n",
  );
  expect(findings).toEqual([]);
  expect(cluster.pods.get("default/a")?.metadata.annotations.get("app")).toBe("web");
});

test("keys like __proto__ change nothing but their own object", () => {
  const { cluster } = read(
    `apiVersion: v1\nkind: Pod\nmetadata: {name: __proto__, namespace: constructor}\n__proto__: {polluted: true}\nconstructor: {prototype: {polluted: true}}\n`,
  );
  expect([...cluster.pods.keys()]).toEqual(["constructor/__proto__"]);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});

test("of two states of one object the first counts, and it is said", () => {
  const { cluster, findings } = read(`${pod("a", "10.0.0.1")}---\n${pod("a", "10.0.0.2")}---\n${pod("a", "10.0.0.1")}`);
  expect(cluster.pods.size).toBe(1);
  expect(findings).toMatchObject([{ code: "resource-twice", severity: "warning" }]);
});

test("garbage never throws", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ maxLength: 300 }), fc.json(), fc.stringMatching(/^[a-z:\-{}[\]&*!|>\n "']{0,120}$/)),
      (text) => {
        read(text);
      },
    ),
    { numRuns: 400 },
  );
});

test("any JSON in the place of a field never throws", () => {
  const kinds = fc.constantFrom(
    ["v1", "Pod"],
    ["v1", "Node"],
    ["v1", "Service"],
    ["v1", "Endpoints"],
    ["discovery.k8s.io/v1", "EndpointSlice"],
    ["projectcalico.org/v3", "WorkloadEndpoint"],
    ["projectcalico.org/v3", "IPPool"],
    ["projectcalico.org/v3", "Node"],
  );
  fc.assert(
    fc.property(kinds, fc.jsonValue(), fc.jsonValue(), ([apiVersion, kind], spec, status) => {
      read(
        JSON.stringify({ apiVersion, kind, metadata: { name: "x" }, spec, status, endpoints: spec, subsets: status }),
      );
    }),
  );
});

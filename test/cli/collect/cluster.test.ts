import { readFileSync } from "node:fs";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { ARTICLE } from "../command.ts";
import { collect, indexOf, toolFolder } from "./collector.ts";

const OBJECTS = `${ARTICLE}/healthy/snapshot/cluster`;

/** A kubectl that prints these files for these arguments, and fails for all others. */
function kubectl(answers: Readonly<Record<string, string>>): string {
  const cases = Object.entries(answers).map(
    ([words, text]) => `"${words}") cat <<'END_OF_OBJECTS'\n${text}\nEND_OF_OBJECTS\n;;`,
  );
  return `case "$*" in\n${cases.join("\n")}\n*) echo "Error from server (NotFound): \\"$3\\"" >&2; exit 1 ;; esac`;
}

const PLANTED = `apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata:
    annotations:
      cni.projectcalico.org/podIP: 192.168.1.1/32
      kubectl.kubernetes.io/last-applied-configuration: |
        {"apiVersion":"v1","env":[{"name":"A","value":"PLANTED"}]}
      vault.example/token: PLANTED
    labels:
      app: web
    name: web
    namespace: default
  spec:
    containers:
    - args:
      - --token=PLANTED
      - --password
      - PLANTED
      command:
      - sh
      - -c
      - 'curl -H "Authorization: Bearer PLANTED"'
      env:
      - name: DB_PASSWORD
        value: PLANTED
      image: nginx
      livenessProbe:
        httpGet:
          httpHeaders:
          - name: Authorization
            value: PLANTED
      name: web
      ports:
      - containerPort: 80
        protocol: TCP
    initContainers:
    - command: ["sh", "-c", "PLANTED"]
      name: init
    nodeName: n1
    volumes:
    - csi:
        volumeAttributes:
          password: PLANTED
      name: v
  status:
    podIP: 192.168.1.1
- apiVersion: v1
  kind: Pod
  metadata:
    annotations:
      kubectl.kubernetes.io/last-applied-configuration: |
        PLANTED
    name: bare
  spec:
    nodeName: n1
kind: List
metadata:
  resourceVersion: ""
`;

const CONFIG_MAP = `apiVersion: v1
data:
  config.conf: |-
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    bearerToken: PLANTED
    clusterCIDR: 192.168.0.0/16
    kind: KubeProxyConfiguration
    mode: ipvs
  kubeconfig.conf: |-
    users:
    - user: {token: PLANTED}
kind: ConfigMap
metadata:
  name: kube-proxy
  namespace: kube-system
`;

describe("podpath collect --cluster", () => {
  it("keeps what the network needs of objects, and nothing that may be a secret", async () => {
    const collected = await collect(
      ["--cluster"],
      toolFolder({
        kubectl: kubectl({
          "get pods -A -o yaml": PLANTED,
          "get configmap -n kube-system kube-proxy -o yaml": CONFIG_MAP,
          "get secrets -A -o yaml": "PLANTED",
        }),
      }),
    );
    expect(collected.status).toBe(0);
    expect(collected.tar.toString("latin1")).not.toContain("PLANTED");
    expect(load(collected.files.get("cluster/pods.yaml") ?? "")).toEqual({
      apiVersion: "v1",
      items: [
        {
          apiVersion: "v1",
          kind: "Pod",
          metadata: {
            annotations: { "cni.projectcalico.org/podIP": "192.168.1.1/32" },
            labels: { app: "web" },
            name: "web",
            namespace: "default",
          },
          spec: {
            containers: [
              { dropped: true, image: "nginx", name: "web", ports: [{ containerPort: 80, protocol: "TCP" }] },
            ],
            initContainers: [{ dropped: true, name: "init" }],
            nodeName: "n1",
          },
          status: { podIP: "192.168.1.1" },
        },
        { apiVersion: "v1", kind: "Pod", metadata: { annotations: null, name: "bare" }, spec: { nodeName: "n1" } },
      ],
      kind: "List",
      metadata: { resourceVersion: "" },
    });
    const map = load(collected.files.get("cluster/configmap-kube-proxy.yaml") ?? "");
    expect(map).toMatchObject({ data: { "config.conf": expect.stringContaining("mode: ipvs") } });
    expect(JSON.stringify(map)).not.toContain("kubeconfig.conf");
    const index = indexOf(collected);
    expect(index.machine).toBe("cluster");
    expect(index.missing.find(({ file }) => file === "cluster/nodes.yaml")).toMatchObject({
      exitStatus: 1,
      stderr: 'Error from server (NotFound): "-o"',
    });
  });

  it("prints the objects of a snapshot as they were, but for annotations", async () => {
    const kinds = {
      services: "get services -A -o yaml",
      endpointslices: "get endpointslices.discovery.k8s.io -A -o yaml",
    };
    const texts = Object.keys(kinds).map((kind) => readFileSync(`${OBJECTS}/${kind}.yaml`, "utf8").trimEnd());
    const answers = Object.fromEntries(Object.values(kinds).map((words, i) => [words, texts[i] ?? ""]));
    const { files } = await collect(["--cluster"], toolFolder({ kubectl: kubectl(answers) }));
    expect(Object.keys(kinds).map((kind) => files.get(`cluster/${kind}.yaml`)?.trimEnd())).toEqual(texts);
  });

  it("prefers calicoctl, and falls back on how kubectl has Calico's objects", async () => {
    const pools = "apiVersion: projectcalico.org/v3\nkind: IPPoolList\nitems: []";
    const by = { kubectl: kubectl({ "get ippools.crd.projectcalico.org -o yaml": pools }), calicoctl: "exit 1" };
    const { files, ...rest } = await collect(["--cluster"], toolFolder(by));
    expect(files.get("cluster/ippools.yaml")).toBe(`${pools}\n`);
    const entry = indexOf({ files, ...rest }).files.find(({ file }) => file === "cluster/ippools.yaml");
    expect(entry?.command).toBe("kubectl get ippools.crd.projectcalico.org -o yaml");
    const first = await collect(["--cluster"], toolFolder({ ...by, calicoctl: `echo '${pools}'` }));
    expect(indexOf(first).files.find(({ file }) => file === "cluster/ippools.yaml")?.command).toBe(
      "calicoctl get ippools -o yaml --allow-version-mismatch",
    );
  });

  it("says so when there is no cluster to ask, and writes no tar", async () => {
    const { status, stderr, tar } = await collect(["--cluster"], toolFolder({}), { shell: ["sh"] });
    expect({ status, bytes: tar.length }).toEqual({ status: 1, bytes: 0 });
    expect(stderr).toContain("nothing could be asked of the cluster:\n  kubectl get nodes -o yaml: kubectl: not found");
  });
});

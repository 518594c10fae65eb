import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { topField } from "../../../src/kubernetes/field.ts";
import { ANY_NODE, type CandidateNode, refusalOf } from "../../../src/kubernetes/workloads/node-selection.ts";
import { podsOfControllers, type RunningPods } from "../../../src/kubernetes/workloads/pods-of-controllers.ts";
import { parseQuantity, readAmounts } from "../../../src/kubernetes/workloads/resource-requests.ts";
import { scheduler } from "../../../src/kubernetes/workloads/scheduler.ts";
import { originTable } from "../../../src/model/origin.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";

const CONTROL_PLANE = { key: "node-role.kubernetes.io/control-plane", value: "", effect: "NoSchedule" };
const NODES: readonly CandidateNode[] = [
  { name: "cp", labels: new Map([["role", "cp"]]), taints: [CONTROL_PLANE], allocatable: null },
  { name: "w1", labels: new Map([["zone", "a"]]), taints: [], allocatable: null },
  {
    name: "w2",
    labels: new Map([
      ["zone", "b"],
      ["cores", "8"],
    ]),
    taints: [],
    allocatable: null,
  },
];

function run(text: string, nodes = NODES): RunningPods {
  const read = readResources(text, "test.yaml", originTable());
  const { cluster, findings } = buildCluster(read.resources);
  expect([...read.findings, ...findings]).toEqual([]);
  return podsOfControllers(cluster.pods, cluster.controllers.values(), scheduler(nodes));
}

function places({ pods }: RunningPods): readonly string[] {
  return [...pods.values()].map(({ metadata, nodeName }) => `${metadata.name} ${nodeName}`).sort();
}

const controller = (kind: string, spec: string, template = ""): string =>
  `apiVersion: ${/Job/.test(kind) ? "batch" : "apps"}/v1\nkind: ${kind}\nmetadata: {name: web, namespace: shop}\nspec: {${spec}template: {metadata: {labels: {app: web}}, spec: {${template}containers: [{name: c, ports: [{containerPort: 80}]}]}}}\n`;
const SELECTOR = "selector: {matchLabels: {app: web}}, ";

describe("a controller's pods", () => {
  test("of a Deployment have its name, a hash of the template and five letters, and the hash as a label", () => {
    const { pods } = run(controller("Deployment", `replicas: 3, ${SELECTOR}`));
    const names = [...pods.values()].map(({ metadata }) => metadata.name);
    expect(new Set(names).size).toBe(3);
    for (const name of names)
      expect(name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{10}-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    const [pod] = pods.values();
    expect(pod?.metadata.labels.get("pod-template-hash")).toBe(pod?.metadata.name.split("-")[1]);
    expect(pod?.ports).toHaveLength(1);
  });

  test("of a StatefulSet are numbered, from spec.ordinals.start", () => {
    expect(places(run(controller("StatefulSet", `replicas: 2, ordinals: {start: 3}, ${SELECTOR}`)))).toEqual([
      "web-3 w1",
      "web-4 w2",
    ]);
  });

  test("of a DaemonSet are on every node that it may run on, cordoned ones included", () => {
    const cordoned = NODES.map((node) =>
      node.name === "w2"
        ? { ...node, taints: [{ key: "node.kubernetes.io/unschedulable", value: "", effect: "NoSchedule" }] }
        : node,
    );
    const { pods } = run(controller("DaemonSet", SELECTOR), cordoned);
    expect([...pods.values()].map(({ nodeName }) => nodeName)).toEqual(["w1", "w2"]);
    const everywhere = run(controller("DaemonSet", SELECTOR, "tolerations: [{operator: Exists}], "));
    expect([...everywhere.pods.values()].map(({ nodeName }) => nodeName)).toEqual(["cp", "w1", "w2"]);
  });

  test("of a Job are as many as run at a time, and of a CronJob those of one Job", () => {
    expect(run(controller("Job", "parallelism: 3, completions: 2, ")).pods.size).toBe(2);
    expect(run(controller("Job", "suspend: true, ")).pods.size).toBe(0);
    const cron = run(controller("CronJob", "schedule: '* * * * *', jobTemplate: {spec: {").replace(/}\n$/, "}}}\n"));
    expect([...cron.pods.values()][0]?.metadata.name).toMatch(/^web-28401120-.{5}$/);
  });

  test("are not made where Pods of it are given, nor of a Deployment whose ReplicaSet is given", () => {
    const pod =
      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: one, namespace: shop, labels: {app: web}}\nspec: {nodeName: w1}\n";
    expect(places(run(controller("Deployment", SELECTOR) + pod))).toEqual(["one w1"]);
    const set = controller("ReplicaSet", `replicas: 2, ${SELECTOR}`).replace(
      "name: web",
      "name: web-abc, ownerReferences: [{kind: Deployment, name: web}]",
    );
    const names = places(run(`${controller("Deployment", `replicas: 2, ${SELECTOR}`)}---\n${set}`));
    expect(names.map((name) => name.replace(/.{5} /, "* ")).sort()).toEqual(["web-abc-* w1", "web-abc-* w2"]);
  });
});

describe("a pod is put on a node", () => {
  test.each([
    ["that nodeSelector names", "nodeSelector: {zone: b}, ", ["w2"]],
    ["that it names itself", "nodeName: cp, ", ["cp"]],
    [
      "whose taints it tolerates",
      `nodeSelector: {role: cp}, tolerations: [{key: ${CONTROL_PLANE.key}, effect: NoSchedule}], `,
      ["cp"],
    ],
    [
      "that required affinity allows",
      "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: cores, operator: Gt, values: ['4']}]}]}}}, ",
      ["w2"],
    ],
    [
      "by its name",
      "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In, values: [w1]}]}]}}}, ",
      ["w1"],
    ],
    [
      "never by an empty term",
      "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{}]}}}, ",
      [],
    ],
  ])("%s", (_, spec, expected) => {
    const { pods, unplaced } = run(controller("Deployment", SELECTOR, spec));
    expect([...pods.values()].map(({ nodeName }) => nodeName)).toEqual(expected);
    expect(unplaced).toHaveLength(expected.length === 0 ? 1 : 0);
  });

  test("or told why there is none", () => {
    const { unplaced } = run(controller("Deployment", SELECTOR, "nodeSelector: {role: cp}, "));
    expect([...(unplaced[0]?.refusals ?? [])]).toEqual([
      ["the taint node-role.kubernetes.io/control-plane:NoSchedule", 1],
      ["the label role=cp of nodeSelector", 2],
    ]);
  });
});

test("a template's pods spread evenly over the nodes that take them, whatever the order of the nodes", () => {
  const labels = fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("1", "2"));
  const nodes = fc.uniqueArray(fc.record({ name: fc.string({ minLength: 1, maxLength: 3 }), labels }), {
    selector: ({ name }) => name,
    minLength: 1,
    maxLength: 8,
  });
  const asked = fc.array(fc.record({ selector: labels, count: fc.nat(20) }), { maxLength: 6 });
  fc.assert(
    fc.property(nodes, asked, (written, pods) => {
      const candidates = written.map(({ name, labels: own }) => ({
        name,
        labels: new Map(Object.entries(own)),
        taints: [],
        allocatable: null,
      }));
      const forth = scheduler(candidates);
      const back = scheduler([...candidates].reverse());
      for (const { selector, count } of pods) {
        const selection = { ...ANY_NODE, nodeSelector: new Map(Object.entries(selector)) };
        const fitting = candidates.filter((node) => refusalOf(node, selection) === null);
        const placed = forth.place(selection, count).nodes;
        expect(back.place(selection, count).nodes).toEqual(placed);
        expect(placed).toHaveLength(fitting.length === 0 ? 0 : count);
        const each = fitting.map(({ name }) => placed.filter((one) => one === name).length);
        expect(each.reduce((sum, one) => sum + one, 0)).toBe(placed.length);
        if (each.length > 0) expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1);
      }
    }),
  );
});

describe("pods that stand in a relation to each other", () => {
  const zoned = (zones: readonly (string | null)[]): readonly CandidateNode[] =>
    zones.map((zone, i) => ({
      name: `n${i}`,
      labels: new Map(zone === null ? [] : [["topology.kubernetes.io/zone", zone]]),
      taints: [],
      allocatable: null,
    }));
  const own = "labelSelector: {matchLabels: {app: web}}";
  const apart = (key: string): string =>
    `affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: ${key}, ${own}}]}}, `;
  const spread = (more = ""): string =>
    `topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, ${own}${more}}], `;
  const nodesOf = ({ pods }: RunningPods): readonly string[] =>
    [...pods.values()].map(({ nodeName }) => nodeName ?? "").sort();

  test("have a node each where they keep apart on nodes, and the rest have none", () => {
    const found = run(
      controller("Deployment", `replicas: 4, ${SELECTOR}`, apart("kubernetes.io/hostname")),
      zoned([null, null, null]),
    );
    expect(nodesOf(found)).toEqual(["n0", "n1", "n2"]);
    expect(found.unplaced).toMatchObject([{ missing: 1, wanted: 4 }]);
    expect([...(found.unplaced[0]?.refusals ?? [])]).toEqual([["required anti-affinity to pods", 3]]);
  });

  test("have a zone each where they keep apart in zones", () => {
    const key = "topology.kubernetes.io/zone";
    const found = run(controller("Deployment", `replicas: 2, ${SELECTOR}`, apart(key)), zoned(["a", "a", "b"]));
    expect(nodesOf(found)).toEqual(["n0", "n2"]);
    expect(found.unplaced).toEqual([]);
  });

  test("are as many in each zone where they are spread over zones, on nodes that are in one", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "b", "c", null), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 12 }),
        (zones, replicas) => {
          const found = run(controller("Deployment", `replicas: ${replicas}, ${SELECTOR}`, spread()), zoned(zones));
          const names = new Set(zones.filter((zone) => zone !== null));
          const placed = nodesOf(found).map((node) => zones[Number(node.slice(1))] ?? "none");
          expect(placed).not.toContain("none");
          expect(placed).toHaveLength(names.size === 0 ? 0 : replicas);
          const each = [...names].map((zone) => placed.filter((one) => one === zone).length);
          if (each.length > 0) expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  test("keep apart from pods of their own template only, or of others only, where keys of labels say so", () => {
    const keyed = (keys: string): string =>
      `affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, ${own}, ${keys}}]}}, `;
    // on each node is a pod of somebody else that the term's selector chooses
    const others = [0, 1].map(
      (i) =>
        `---\napiVersion: v1\nkind: Pod\nmetadata: {name: other-${i}, namespace: shop, labels: {app: web}}\nspec: {nodeName: n${i}, containers: [{name: c}]}\n`,
    );
    const beside = (keys: string): readonly string[] => {
      const web = controller("Deployment", "replicas: 2, selector: {matchLabels: {new: x}}, ", keyed(keys)).replace(
        "labels: {app: web}",
        "labels: {app: web, new: x}",
      );
      const { pods } = run(web + others.join(""), zoned([null, null]));
      return [...pods.values()]
        .flatMap(({ nodeName, metadata }) => (metadata.labels.has("new") ? [nodeName ?? ""] : []))
        .sort();
    };
    expect(beside("matchLabelKeys: [pod-template-hash]")).toEqual(["n0", "n1"]);
    expect(beside("matchLabelKeys: [nobody-has-it]")).toEqual([]);
    expect(beside("mismatchLabelKeys: [pod-template-hash]")).toEqual([]);
    expect(beside("mismatchLabelKeys: [app]")).toEqual(["n0", "n1"]);
  });

  test("are said to be placed roughly where they ask for more", () => {
    const { roughly } = run(
      controller(
        "Deployment",
        SELECTOR,
        "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, labelSelector: {}, namespaceSelector: {matchLabels: {a: b}}}]}, nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {}}]}}, ",
      ),
    );
    expect(roughly.map(({ notLookedAt }) => notLookedAt)).toEqual([
      ["labels of the namespaces of other pods", "preferences"],
    ]);
    expect(run(controller("Deployment", SELECTOR, spread()), zoned(["a"])).roughly).toEqual([]);
    expect(run(controller("Deployment", SELECTOR, spread(", minDomains: 2")), zoned(["a"])).roughly).toHaveLength(1);
  });
});

describe("pods that ask for resources", () => {
  const room = (allocatable: Readonly<Record<string, string>> | null, name = "n0"): CandidateNode => ({
    name,
    labels: new Map([["zone", name]]),
    taints: [],
    allocatable: allocatable === null ? null : readAmounts(topField(allocatable)),
  });
  const asking = (kind: string, replicas: number, requests: string): string =>
    controller(kind, `${kind === "DaemonSet" ? "" : `replicas: ${replicas}, `}${SELECTOR}`).replace(
      "{name: c,",
      `{name: c, resources: {requests: {${requests}}},`,
    );

  test("run on nodes that have room, and the rest wait, with the reason", () => {
    const nodes = [room({ cpu: "1", memory: "1Gi" }), room({ cpu: "300m", memory: "4Gi" }, "n1")];
    const found = run(asking("Deployment", 5, "cpu: 100m, memory: 300Mi"), nodes);
    expect([...found.pods.values()].map(({ nodeName }) => nodeName).sort()).toEqual(["n0", "n0", "n0", "n1", "n1"]);
    const more = run(asking("Deployment", 9, "cpu: 100m, memory: 300Mi"), nodes);
    expect(more.pods.size).toBe(6);
    expect(more.unplaced).toMatchObject([{ missing: 3, wanted: 9 }]);
    expect([...(more.unplaced[0]?.refusals ?? [])].sort()).toEqual([
      ["too little cpu", 1],
      ["too little memory", 1],
    ]);
  });

  test("are no more than a node takes, and go nowhere where no node has what they ask for", () => {
    expect(run(asking("Deployment", 5, "cpu: 1m"), [room({ pods: "3" })]).pods.size).toBe(3);
    expect(run(asking("Deployment", 1, "nvidia.com/gpu: 1"), [room({ cpu: "4" })]).pods.size).toBe(0);
    expect(run(asking("Deployment", 5, "cpu: 100"), [room(null)]).pods.size).toBe(5);
  });

  test("count those that are there, with what init containers and sidecars need", () => {
    const there =
      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: one, namespace: shop}\nspec: {nodeName: n0, initContainers: [{name: i, resources: {limits: {cpu: 700m}}}, {name: s, restartPolicy: Always, resources: {requests: {cpu: 200m}}}], containers: [{name: c, resources: {requests: {cpu: 100m}}}]}\n";
    expect(run(asking("Deployment", 9, "cpu: 100m") + there, [room({ cpu: "1" })]).pods.size).toBe(4);
  });

  test("of a DaemonSet wait on the nodes without room", () => {
    const found = run(asking("DaemonSet", 0, "cpu: 500m"), [room({ cpu: "1" }), room({ cpu: "100m" }, "n1")]);
    expect([...found.pods.values()].map(({ nodeName }) => nodeName)).toEqual(["n0"]);
    expect(found.unplaced).toMatchObject([{ missing: 1, wanted: 2 }]);
  });

  test.each([
    ["500m", 0.5],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["2e3", 2000],
    ["3k", 3000],
    [4, 4],
    ["x", null],
    ["1.2.3", null],
  ])("in quantities as %s", (written, amount) => {
    expect(parseQuantity(written)).toBe(amount);
  });
});

describe("pods that want to be near others, or away from them", () => {
  const NODES3 = ["n0", "n1", "n2"].map((name, i) => ({
    name,
    labels: new Map([["zone", i < 2 ? "a" : "b"]]),
    taints: [],
    allocatable: null,
  }));
  const named = (name: string, replicas: number, affinity: string): string =>
    `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: shop}\nspec: {replicas: ${replicas}, selector: {matchLabels: {app: ${name}}}, template: {metadata: {labels: {app: ${name}}}, spec: {${affinity}containers: [{name: c}]}}}\n`;
  const term = (kind: string, app: string, key = "kubernetes.io/hostname", more = ""): string =>
    `affinity: {${kind}: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: ${key}, labelSelector: {matchLabels: {app: ${app}}}${more}}]}}, `;
  const where = (text: string): Readonly<Record<string, readonly string[]>> => {
    const found: Record<string, string[]> = {};
    for (const { metadata, nodeName } of run(text, NODES3).pods.values()) {
      const app = metadata.labels.get("app") ?? "";
      found[app] = [...(found[app] ?? []), nodeName ?? ""].sort();
    }
    return found;
  };

  test("are on the nodes of those, which are placed before them", () => {
    const text =
      named("cache", 2, term("podAffinity", "web")) + named("web", 1, term("podAffinity", "zdb")) + named("zdb", 1, "");
    const { cache, web, zdb } = where(text);
    expect([cache, web]).toEqual([[zdb?.[0], zdb?.[0]], zdb]);
    expect(run(text, NODES3).roughly).toEqual([]);
  });

  test("are in their zone, or wait where there are none", () => {
    expect(
      where(named("zdb", 1, "nodeSelector: {zone: b}, ") + named("web", 2, term("podAffinity", "zdb", "zone")))["web"],
    ).toEqual(["n2", "n2"]);
    const alone = run(named("web", 2, term("podAffinity", "gone")), NODES3);
    expect([alone.pods.size, ...(alone.unplaced[0]?.refusals ?? [])]).toEqual([0, ["required affinity to pods", 3]]);
    // the first of its own kind may be anywhere
    expect(new Set(where(named("web", 3, term("podAffinity", "web")))["web"]).size).toBe(1);
  });

  test("keep away from each other, whoever came first", () => {
    const text = named("a", 1, term("podAntiAffinity", "b", "zone")) + named("b", 2, "");
    const found = where(text);
    expect([found["a"], found["b"]]).toEqual([["n0"], ["n2", "n2"]]);
    const other = where(
      named("a", 2, "nodeSelector: {zone: a}, ") + named("b", 1, term("podAntiAffinity", "a", "zone")),
    );
    expect(other["b"]).toEqual(["n2"]);
  });

  test("mean pods of their own namespace, unless they name others", () => {
    const elsewhere = named("zdb", 1, "").replace("namespace: shop", "namespace: data");
    expect(where(elsewhere + named("web", 1, term("podAffinity", "zdb")))["web"]).toBeUndefined();
    const naming = term("podAffinity", "zdb", "kubernetes.io/hostname", ", namespaces: [data]");
    expect(where(elsewhere + named("web", 1, naming))["web"]).toHaveLength(1);
    const all = term("podAffinity", "zdb", "kubernetes.io/hostname", ", namespaceSelector: {}");
    expect(where(elsewhere + named("web", 1, all))["web"]).toHaveLength(1);
  });
});

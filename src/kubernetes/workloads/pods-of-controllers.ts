import { type LabelSelector, matchesLabelSelector } from "../label-selector.ts";
import { hasFinished, type Pod } from "../pod.ts";
import { podsByLabel } from "../pods-by-label.ts";
import { podName, templateHash } from "./generated-name.ts";
import { ANY_NODE, DAEMON_TOLERATIONS, type NodeSelection } from "./node-selection.ts";
import type { PodFace } from "./pod-terms.ts";
import type { Scheduler } from "./scheduler.ts";
import { looksAtOwnLabels, rulesWithOwnLabels } from "./topology-rules.ts";
import type { WorkloadController } from "./workload-controller.ts";

/** A pod or a controller whose pods may run on no node. */
export interface Unplaced {
  /** The object that asked. */
  readonly metadata: Pod["metadata"];
  readonly refusals: ReadonlyMap<string, number>;
  /** How many of its pods have no node, of how many. */
  readonly missing: number;
  readonly wanted: number;
}

/** A pod or controller that asks for more than the scheduler looks at. */
export interface RoughlyPlaced {
  readonly metadata: Pod["metadata"];
  readonly notLookedAt: readonly string[];
}

export interface RunningPods {
  /** By `namespace/name`: those that are given, each on a node, and those of controllers that have none. */
  readonly pods: ReadonlyMap<string, Pod>;
  readonly unplaced: readonly Unplaced[];
  readonly roughly: readonly RoughlyPlaced[];
}

/** When a CronJob's Job is taken to have started, in minutes since 1970: 2024-01-01T00:00Z. */
const CRON_MINUTE = 28_401_120;

/**
 * The pods of a cluster that has settled. A controller of which Pod objects are given makes no others. Names are as Kubernetes
 * makes them, with letters of the object in place of random ones; the same manifests give the same names.
 */
export function podsOfControllers(
  given: ReadonlyMap<string, Pod>,
  controllers: Iterable<WorkloadController>,
  scheduler: Scheduler,
): RunningPods {
  const pods = new Map<string, Pod>(given);
  const unplaced: Unplaced[] = [];
  const roughly: RoughlyPlaced[] = [];
  const note = (metadata: Pod["metadata"], selection: NodeSelection | null): void => {
    const notLookedAt = selection?.topology.notLookedAt ?? [];
    if (notLookedAt.length > 0) roughly.push({ metadata, notLookedAt });
  };
  const waiting: string[] = [];
  for (const [key, pod] of given) {
    if (hasFinished(pod)) continue;
    if (pod.nodeName !== null) scheduler.note(pod.nodeName, faceOf(pod, pod.metadata), pod.requests);
    else waiting.push(key);
  }
  const all = [...controllers].sort((x, y) => (identity(x) < identity(y) ? -1 : 1));
  const placeGiven = (key: string): void => {
    const pod = given.get(key);
    if (pod === undefined || pod.selection === null) return;
    const { nodes, refusals } = scheduler.place(
      ownSelection(pod, pod.metadata.labels) ?? ANY_NODE,
      1,
      faceOf(pod, pod.metadata),
    );
    const [nodeName] = nodes;
    note(pod.metadata, pod.selection);
    if (nodeName === undefined) unplaced.push({ metadata: pod.metadata, refusals, missing: 1, wanted: 1 });
    else pods.set(key, { ...pod, nodeName, phase: pod.phase === "" ? "Running" : pod.phase });
  };
  const owners = new Set(
    all.flatMap((one) => (one.owner === null || one.replicas === 0 ? [] : `${namespaceOf(one)}/${one.owner}`)),
  );
  const present = presentPods(given);
  const placeController = (controller: WorkloadController): void => {
    const namespace = namespaceOf(controller);
    if (controller.owner === null && owners.has(`${namespace}/${controller.metadata.name}`)) return;
    const labels = controller.template.metadata.labels;
    const selector = controller.selector ?? { matchLabels: labels, matchExpressions: [] };
    if (controller.replicas === 0 || present(namespace, selector)) return;
    const placed = place(controller, scheduler);
    if (controller.kind !== "DaemonSet") note(controller.metadata, controller.template.selection);
    const wanted =
      controller.kind === "DaemonSet" ? Math.max(1, placed.nodes.length + placed.waiting) : (controller.replicas ?? 1);
    const missing = wanted - placed.nodes.length;
    if (missing > 0) unplaced.push({ metadata: controller.metadata, refusals: placed.refusals, missing, wanted });
    add(controller, placed.nodes, pods);
  };
  const tasks = [
    ...waiting.sort().map((key): Task => {
      const pod = given.get(key);
      const face = pod === undefined ? null : faceOf(pod, pod.metadata);
      const selection = pod === undefined ? null : ownSelection(pod, pod.metadata.labels);
      return { selection, face, run: () => placeGiven(key) };
    }),
    ...all.map((controller): Task => {
      const run = (): void => placeController(controller);
      const face = templateFace(controller);
      return { selection: ownSelection(controller.template, face.labels), face, run };
    }),
  ];
  inTurn(tasks, scheduler);
  return { pods, unplaced, roughly };
}

interface Task {
  readonly selection: NodeSelection | null;
  readonly face: PodFace | null;
  run(): void;
}

/** Pods that must be near others come after those: until then they would wait. */
function inTurn(tasks: readonly Task[], scheduler: Scheduler): void {
  let later: readonly Task[] = tasks;
  for (;;) {
    const still: Task[] = [];
    for (const task of later) {
      const { selection, face } = task;
      if (selection === null || face === null || scheduler.findsCompany(selection, face)) task.run();
      else still.push(task);
    }
    if (still.length === later.length) break;
    later = still;
  }
  for (const task of later) task.run();
}

/** Of a pod, or of the template of an object of this namespace. */
function faceOf(pod: Pod, { namespace }: Pod["metadata"]): PodFace {
  return { namespace: namespace ?? "default", labels: pod.metadata.labels };
}

/** Of the pods of a template: with what the controller puts on them where somebody asks for it. */
function templateFace(controller: WorkloadController): PodFace {
  const { template, metadata } = controller;
  const face = faceOf(template, metadata);
  if (template.selection === null || !looksAtOwnLabels(template.selection.topology)) return face;
  return { ...face, labels: new Map([...face.labels, ...naming(controller).labels]) };
}

function ownSelection({ selection }: Pod, labels: PodFace["labels"]): NodeSelection | null {
  return selection === null ? null : { ...selection, topology: rulesWithOwnLabels(selection.topology, labels) };
}

function identity({ kind, metadata }: WorkloadController): string {
  return `${metadata.namespace ?? "default"}/${metadata.name} ${kind}`;
}

function namespaceOf({ metadata }: WorkloadController): string {
  return metadata.namespace ?? "default";
}

function place(controller: WorkloadController, scheduler: Scheduler): ReturnType<Scheduler["place"]> {
  const { kind, replicas, template } = controller;
  const face = templateFace(controller);
  if (template.nodeName !== null && kind !== "DaemonSet") {
    const nodes = Array.from({ length: replicas ?? 1 }, () => template.nodeName ?? "");
    for (const node of nodes) scheduler.note(node, face, template.requests);
    return { nodes, refusals: new Map(), waiting: 0 };
  }
  const selection = ownSelection(template, face.labels) ?? ANY_NODE;
  if (kind === "DaemonSet") {
    return scheduler.every({ ...selection, tolerations: [...selection.tolerations, ...DAEMON_TOLERATIONS] }, face);
  }
  return scheduler.place(selection, replicas ?? 1, face);
}

/** The names of a controller's pods, and the labels that it puts on them besides the template's. */
function naming(controller: WorkloadController): {
  readonly base: string;
  readonly labels: readonly (readonly [string, string])[];
} {
  const { kind, metadata, templateText } = controller;
  const { name } = metadata;
  const hash = templateHash(namespaceOf(controller), name, templateText);
  switch (kind) {
    case "Deployment":
      return { base: `${name}-${hash}`, labels: [["pod-template-hash", hash]] };
    case "DaemonSet":
    case "StatefulSet":
      return { base: name, labels: [["controller-revision-hash", `${name}-${hash}`]] };
    case "Job":
      return {
        base: name,
        labels: [
          ["batch.kubernetes.io/job-name", name],
          ["job-name", name],
        ],
      };
    case "CronJob": {
      const job = `${name}-${CRON_MINUTE}`;
      return {
        base: job,
        labels: [
          ["batch.kubernetes.io/job-name", job],
          ["job-name", job],
        ],
      };
    }
    case "ReplicaSet":
    case "ReplicationController":
      return { base: name, labels: [] };
  }
}

function add(controller: WorkloadController, nodes: readonly string[], pods: Map<string, Pod>): void {
  const { template, kind, firstOrdinal, metadata } = controller;
  const namespace = namespaceOf(controller);
  const { base, labels } = naming(controller);
  const shared = new Map([...template.metadata.labels, ...labels]);
  for (const [i, nodeName] of nodes.entries()) {
    const ordinal = String(firstOrdinal + i);
    const isSet = kind === "StatefulSet";
    const name = isSet ? `${base}-${ordinal}` : podName(base, String(i), (one) => pods.has(`${namespace}/${one}`));
    const key = `${namespace}/${name}`;
    if (pods.has(key)) continue;
    pods.set(key, {
      ...template,
      metadata: {
        ...template.metadata,
        kind: "Pod",
        apiVersion: "v1",
        namespace,
        name,
        labels: isSet
          ? new Map([
              ...shared,
              ["statefulset.kubernetes.io/pod-name", name],
              ["apps.kubernetes.io/pod-index", ordinal],
            ])
          : shared,
        origin: metadata.origin,
      },
      nodeName,
      selection: null,
      phase: "Running",
    });
  }
}

/** Whether a namespace has a pod that a selector chooses, looked up by its labels. */
function presentPods(given: ReadonlyMap<string, Pod>): (namespace: string, selector: LabelSelector) => boolean {
  const withLabels = podsByLabel(given.values());
  const inNamespace = new Map<string, readonly Pod[]>();
  const allOf = (namespace: string): readonly Pod[] => {
    const known =
      inNamespace.get(namespace) ??
      [...given.values()].filter(({ metadata }) => (metadata.namespace ?? "default") === namespace);
    inNamespace.set(namespace, known);
    return known;
  };
  return (namespace, selector) => {
    const { matchLabels, matchExpressions } = selector;
    if (matchLabels.size === 0 && matchExpressions.length === 0) return false;
    const some = matchLabels.size === 0 ? allOf(namespace) : withLabels(namespace, matchLabels);
    return some.some((pod) => matchesLabelSelector(selector, pod.metadata.labels));
  };
}

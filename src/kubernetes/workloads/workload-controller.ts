import type { Origin } from "../../model/origin.ts";
import { at, type Field, flag, member, text } from "../field.ts";
import { type LabelSelector, readLabelSelector } from "../label-selector.ts";
import { type Metadata, readMetadata } from "../metadata.ts";
import { type Pod, readPod } from "../pod.ts";
import { count } from "./node-selection.ts";

/** The kinds that make pods of a template. */
export const CONTROLLER_KINDS = [
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "ReplicationController",
] as const;
export type ControllerKind = (typeof CONTROLLER_KINDS)[number];

/** An object that makes pods, of whatever kind. */
export interface WorkloadController {
  readonly kind: ControllerKind;
  readonly metadata: Metadata;
  /** How many pods at a time; null for a DaemonSet: one on every node that it may run on. */
  readonly replicas: number | null;
  /** Null: those of the template's labels. */
  readonly selector: LabelSelector | null;
  /** Number of a StatefulSet's first pod. */
  readonly firstOrdinal: number;
  /** The controller of this one: `Deployment web` of a ReplicaSet; null without one. */
  readonly owner: string | null;
  /** `spec.template`: a pod without a name. */
  readonly template: Pod;
  /** The template as it is written, to tell it from others. */
  readonly templateText: string;
}

/** The API groups of a kind; the older ones have the same shape. */
export function groupsOf(kind: ControllerKind): readonly string[] {
  if (kind === "ReplicationController") return [""];
  return kind === "Job" || kind === "CronJob" ? ["batch"] : ["apps", "extensions"];
}

export function readWorkloadController(kind: ControllerKind): (resource: Field, origin: Origin) => WorkloadController {
  return (resource, origin) => {
    const spec = member(resource, "spec");
    // a CronJob holds the template of a Job
    const own = kind === "CronJob" ? at(spec, "jobTemplate", "spec") : spec;
    const template = member(own, "template");
    const isBare = kind === "ReplicationController" || kind === "Job" || kind === "CronJob";
    const owners = at(resource, "metadata", "ownerReferences").value;
    const owner = Array.isArray(owners) ? member({ ...resource, value: owners[0] }, "name") : null;
    return {
      kind,
      metadata: readMetadata(resource, origin),
      replicas: replicasOf(kind, spec, own),
      selector: isBare ? null : readLabelSelector(member(spec, "selector")),
      firstOrdinal: count(at(spec, "ordinals", "start")) ?? 0,
      owner: owner === null ? null : text(owner),
      template: readPod(template, origin),
      templateText: JSON.stringify(template.value) ?? "",
    };
  };
}

function replicasOf(kind: ControllerKind, spec: Field, own: Field): number | null {
  if (kind === "DaemonSet") return null;
  if (kind !== "Job" && kind !== "CronJob") return count(member(own, "replicas")) ?? 1;
  if (flag(member(spec, "suspend")) === true || flag(member(own, "suspend")) === true) return 0;
  const parallelism = count(member(own, "parallelism")) ?? 1;
  return Math.min(parallelism, count(member(own, "completions")) ?? parallelism);
}

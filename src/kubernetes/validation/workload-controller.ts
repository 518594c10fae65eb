import { complain, type Field, isRecord } from "../field.ts";
import { matchesLabelSelector, readLabelSelector } from "../label-selector.ts";
import type { ControllerKind } from "../workloads/workload-controller.ts";
import { checkLabelSelector, checkLabels } from "./labels.ts";
import { checkLabelsAndAnnotations } from "./metadata.ts";
import { isAbsent, peek, peekAt, peekInteger, peekText } from "./peek.ts";
import { checkPodSpec } from "./pod-spec.ts";

const NOT_NEGATIVE = ["replicas", "minReadySeconds", "parallelism", "completions", "backoffLimit"];
const NAME_OF_CRON_JOB = 52;

/**
 * The spec of an object that makes pods (pkg/apis/apps/validation, pkg/apis/batch/validation and ValidateReplicationController): its
 * numbers, its selector, and its template.
 */
export function checkWorkloadController(kind: ControllerKind): (resource: Field) => void {
  return (resource) => {
    const spec = peek(resource, "spec");
    const own = kind === "CronJob" ? peekAt(spec, "jobTemplate", "spec") : spec;
    for (const key of NOT_NEGATIVE) {
      const field = peek(own, key);
      const count = peekInteger(field);
      if (count !== null && count < 0) complain(field, "0 or more");
    }
    if (kind === "CronJob") checkCronJobName(peekAt(resource, "metadata", "name"));
    const template = peek(own, "template");
    checkLabelsAndAnnotations(peek(template, "metadata"));
    checkPodSpec(peek(template, "spec"), true);
    const policy = peekAt(template, "spec", "restartPolicy");
    const isJob = kind === "Job" || kind === "CronJob";
    if (!isAbsent(policy) && policy.value !== "" && (policy.value === "Always") === isJob)
      complain(policy, isJob ? "OnFailure or Never" : "Always");
    if (!isJob) checkSelector(kind, peek(spec, "selector"), peekAt(template, "metadata", "labels"));
  };
}

/** Its jobs have a number of eleven characters behind its name. */
function checkCronJobName(field: Field): void {
  if ((peekText(field)?.length ?? 0) > NAME_OF_CRON_JOB) complain(field, `up to ${NAME_OF_CRON_JOB} characters`);
}

function checkSelector(kind: ControllerKind, selector: Field, labels: Field): void {
  if (isAbsent(selector) || !isRecord(selector.value)) return;
  const before = selector.problems.length;
  const isBare = kind === "ReplicationController";
  if (isBare) checkLabels(selector);
  else checkLabelSelector(selector);
  if (selector.problems.length > before) return;
  // what complains of wrong types is the reader of the object
  const silent = { ...selector, problems: [] };
  const read = isBare ? { matchLabels: textsOf(selector.value), matchExpressions: [] } : readLabelSelector(silent);
  if (read === null || silent.problems.length > 0) return;
  const isEmpty = read.matchLabels.size + read.matchExpressions.length === 0;
  if (isEmpty && !isBare) complain(selector, "labels: an empty selector chooses all pods");
  else if (!matchesLabelSelector(read, textsOf(labels.value)))
    complain(selector, "labels that spec.template.metadata.labels has");
}

function textsOf(value: unknown): ReadonlyMap<string, string> {
  if (!isRecord(value)) return new Map();
  return new Map(
    Object.entries(value).flatMap(([key, text]) => (typeof text === "string" ? [[key, text] as const] : [])),
  );
}

import type { FindingCode } from "../../model/codes/finding-codes.ts";
import type { Finding } from "../../model/finding.ts";
import { NO_ORIGIN, type Origin, type OriginTable, sourceOf } from "../../model/origin.ts";
import type { PolicyProblem } from "../stored-policies.ts";
import type { FelixParameters } from "./parameters.ts";
import type { UnmodelledMode } from "./unmodelled-mode.ts";

/** @param message what to say of the resource that the origin names */
function finding(
  code: FindingCode,
  origin: Origin,
  origins: OriginTable,
  message: string,
  more: Partial<Finding> = {},
): Finding {
  const source = sourceOf(origins, origin);
  return {
    code,
    severity: "warning",
    message: source?.resource === undefined ? message : `${source.resource}: ${message}`,
    ...(source?.file === undefined ? {} : { file: source.file }),
    ...(source?.line === undefined ? {} : { line: source.line }),
    ...more,
  };
}

export function policyFinding({ code, message, origin }: PolicyProblem, origins: OriginTable): Finding {
  return finding(code, origin, origins, message, code === "policy-without-effect" ? { severity: "info" } : {});
}

export function modeFinding({ name, origin }: UnmodelledMode, origins: OriginTable): Finding {
  return finding("felix-mode-not-modelled", origin, origins, `Felix uses ${name}: what it decides is uncertain.`);
}

/** What a node's own settings ask that Felix does not take, or that the kernel refuses. */
export function settingFindings(parameters: FelixParameters, origins: OriginTable): readonly Finding[] {
  const refused = parameters.refused.map(({ origin, field, found, expected }) =>
    finding("felix-setting-refused", origin, origins, `${field} is ${found}; the default counts.`, { expected }),
  );
  const name = "iptablesFilterDenyAction";
  if (parameters.choice(name, ["DROP", "REJECT"], "DROP") === "DROP") return refused;
  const message = `spec.${name} is Reject: the kernel takes REJECT in table filter only, and Felix writes it into raw, too.`;
  return [...refused, finding("felix-cannot-program", parameters.originOf(name) ?? NO_ORIGIN, origins, message)];
}

import type { FieldPath } from "../kubernetes/field.ts";
import type { POLICY_CODES } from "../model/codes/policy-codes.ts";
import type { Origin } from "../model/origin.ts";

/** Something about a resource of policy, or a setting of Felix's, that a person should know. */
export interface PolicyProblem {
  readonly code: keyof typeof POLICY_CODES;
  /** The resource. */
  readonly origin: Origin;
  /** The field in it; empty for all of it. */
  readonly path: FieldPath;
  readonly message: string;
  readonly expected?: string;
}

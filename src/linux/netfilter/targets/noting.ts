import type { TargetFunction } from "../extension.ts";
import { XT_CONTINUE } from "../verdict.ts";

/** What targets do that leave the packet and its way alone. */
export const goOn: TargetFunction = () => XT_CONTINUE;

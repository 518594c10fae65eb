import { logClaims } from "../log-claims.ts";
import type { Check } from "./check.ts";

/** Lines of logs of which a dump says the same. */
export const logConfirmed: Check = (checked) =>
  logClaims(checked)
    .filter(({ isConfirmed }) => isConfirmed)
    .map(({ host, line, says, shows, beside }) => ({
      severity: "warning",
      message: `The log of ${host} says that ${says}, and a dump agrees: ${shows}`,
      at: line.origin,
      beside,
    }));

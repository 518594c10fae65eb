import { logClaims } from "../log-claims.ts";
import type { Check } from "./check.ts";

/** Lines of logs of which a dump says otherwise: one of the two is older. */
export const logContradicted: Check = (checked) =>
  logClaims(checked)
    .filter(({ isConfirmed }) => !isConfirmed)
    .map(({ host, line, says, shows, beside }) => ({
      severity: "info",
      message: `The log of ${host} says that ${says}; a dump says otherwise: ${shows}`,
      at: line.origin,
      beside,
      advice: "Compare the line's time with that of the dump: what it tells is over, or began since.",
    }));

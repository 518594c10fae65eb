import type { Lab } from "./lab.ts";
import { TIMERS } from "./make-lab.ts";

/** What confd's template sets; the hold time is BIRD's own, 240 s. */
const TRUE = "connect delay time 2; connect retry time 5; error wait time 5,30;";

/** Seconds of a stage in which nothing has to run out, and of one in which the hold timer may. */
const FIRST = 60;
const LATER = 330;

/** The same lab with the timers of a real cluster. */
export function withTrueTimers(lab: Lab): Lab {
  return {
    ...lab,
    name: `${lab.name}, with true timers`,
    stages: lab.stages.map((stage, index) => ({
      ...stage,
      events: stage.events.map((event) =>
        event.kind === "start" ? { ...event, config: event.config.replaceAll(TIMERS, TRUE) } : event,
      ),
      seconds: index === 0 ? FIRST : LATER,
      sampled: index === 0 ? 15 : 40,
    })),
  };
}

import type { Excuses } from "../harness/compare.ts";
import type { World } from "./world-kind.ts";

/** Excuses of one world since it was built, and how often they were used for the last packet. */
export interface RunExcuses extends Excuses {
  used: number;
}

/** Excuses what the world's kind says that the kernel may keep silent about. */
export function excusesOf(world: World): RunExcuses {
  return {
    used: 0,
    mayWithhold(response) {
      const may = world.mayWithhold(response);
      if (may) this.used++;
      return may;
    },
  };
}

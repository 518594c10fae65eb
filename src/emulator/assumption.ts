import type { AssumptionCode, AssumptionPart } from "../model/codes/assumption-codes.ts";

/** An assumption that an answer rests on. */
export interface Assumption {
  readonly host: string;
  readonly code: AssumptionCode;
  readonly part: AssumptionPart;
  readonly detail: string;
  /** In how many other ways the walk can go on where it does not hold; 0: nobody can tell what then happens. */
  readonly otherwise: number;
}

/** An assumption that is taken not to hold, and which of the other ways it is instead, from 1. */
export interface Doubt {
  readonly assumption: Assumption;
  readonly way: number;
}

/** What tells assumptions apart. */
export function assumptionKey({ host, part, detail }: Pick<Assumption, "host" | "part" | "detail">): string {
  return `${host} ${part} ${detail}`;
}

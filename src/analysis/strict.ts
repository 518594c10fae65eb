import type { Answer } from "../trace/result.ts";

/** `--strict`: an answer that rests on an assumption is uncertain, and each assumption is an unknown. */
export function strictly(answer: Answer, commandFor: (assumption: Answer["assumptions"][number]) => string): Answer {
  if (answer.assumptions.length === 0) return answer;
  return {
    ...answer,
    certainty: "uncertain",
    assumptions: [],
    unknowns: [
      ...answer.unknowns,
      ...answer.assumptions.map((assumption) => ({
        question: assumption.detail.startsWith(assumption.host)
          ? assumption.detail
          : `${assumption.host}: ${assumption.detail}`,
        command: commandFor(assumption),
      })),
    ],
  };
}

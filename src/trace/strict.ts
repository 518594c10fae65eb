import type { Assumption, Doubt } from "../emulator/assumption.ts";
import { commandFor } from "./fact-source.ts";
import { type Answer, outcomeKey, type Unknown } from "./result.ts";

/**
 * `--strict` (INTERFACES section 1): every assumption that matters becomes an unknown, and the answer uncertain. Each
 * assumption is doubted by itself: the question is asked again in every other way that podpath can play, and where
 * outcome, place and result stay the same it does not matter and stays an assumption. One whose opposite nobody can play
 * matters. `ask` answers the question under a doubt.
 */
export function strictly(answer: Answer, ask: (doubt: Doubt) => Answer): Answer {
  const mattering = answer.assumptions.filter(
    (assumption) => assumption.otherwise === 0 || changes(answer, assumption, ask),
  );
  if (mattering.length === 0) return answer;
  return {
    ...answer,
    certainty: "uncertain",
    assumptions: answer.assumptions.filter((assumption) => !mattering.includes(assumption)),
    unknowns: [...answer.unknowns, ...mattering.map(unknownOf)],
  };
}

/** True when the answer is another in one of the ways in which an assumption may not hold. */
export function changes(answer: Answer, assumption: Assumption, ask: (doubt: Doubt) => Answer): boolean {
  const outcomes = outcomesOf(answer);
  for (let way = 1; way <= assumption.otherwise; way++) {
    if (outcomesOf(ask({ assumption, way })) !== outcomes) return true;
  }
  return false;
}

/** The ends the answer has, in a form to compare. */
function outcomesOf(answer: Answer): string {
  const keys = new Set(answer.branches.map((branch) => outcomeKey(branch.run)));
  return [...keys, answer.truncated].sort().join("\n");
}

function unknownOf(assumption: Assumption): Unknown {
  const { code, host, detail } = assumption;
  return { code, question: detail.includes(host) ? detail : `${host}: ${detail}`, command: commandFor(assumption) };
}

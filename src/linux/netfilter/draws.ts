import type { Choice, Chooser } from "../chooser.ts";

/** What a rule draws for each packet (`-m statistic --mode random`): thousands of kube-proxy's rules share a few. */
interface Draw {
  readonly alternatives: Choice["alternatives"];
  readonly question: string;
  /** The choice as it was last put, and the host that put it. */
  choice: Choice | null;
  host: string;
}

const draws: Draw[] = [];
const numbers = new Map<string, number>();

/** The number of a draw that holds with a probability, which `text` spells. */
export function drawNumber(probability: number, text: string): number {
  const known = numbers.get(text);
  if (known !== undefined) return known;
  const number = draws.push({
    alternatives: [
      { label: "drawn", probability },
      { label: "not drawn", probability: 1 - probability },
    ],
    question: `does the random match of probability ${text} hold on `,
    choice: null,
    host: "",
  });
  numbers.set(text, number - 1);
  return number - 1;
}

/** Draws on a host. */
export function isDrawn(number: number, host: string, choose: Chooser): boolean {
  const draw = draws[number];
  if (draw === undefined) return false;
  if (draw.choice === null || draw.host !== host) {
    const { question, alternatives } = draw;
    draw.host = host;
    draw.choice = { kind: "random", variable: `${host} statistic draw`, question: `${question}${host}?`, alternatives };
  }
  return choose(draw.choice) === 0;
}

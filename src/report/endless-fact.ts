import { endsExchange } from "../emulator/endless-exchange.ts";
import type { Run } from "../trace/result.ts";
import { kindWords } from "./ending-text.ts";

/** That the packets of a question provoke others without end, as copies do that TEE sends to the host itself, and what they are. */
export function endlessFact(run: Run): string | null {
  if (!run.journeys.some(endsExchange)) return null;
  const counts = new Map<string, number>();
  const own = run.journeys.slice(run.first);
  for (const journey of own) counts.set(kindWords(journey), (counts.get(kindWords(journey)) ?? 0) + 1);
  const kinds = [...counts].sort(([, x], [, y]) => y - x).map(([words, count]) => `${words}: ${number(count)}`);
  return `the exchange never ends: podpath gave up after ${number(own.length)} packets (${kinds.join(", ")})`;
}

function number(count: number): string {
  return count.toLocaleString("en-US");
}

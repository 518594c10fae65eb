import { Oracle } from "../harness/oracle-client.ts";
import { type CampaignResult, campaign, kindsOf, PLAN } from "./campaign.ts";
import type { CiCampaign } from "./ci-campaigns.ts";

/** What a campaign of CI ended with, and how long it took; or why it could not be run. */
export type CampaignEnd = { readonly result: CampaignResult; readonly seconds: number } | { readonly failure: unknown };

/** Oracles at once. Each stays on one processor, and podpath's side takes about as long as the kernel's. */
const LANES = 2;

/** Starts campaigns side by side, in their order; the end of each by its plan. */
export function runCampaigns(plans: readonly CiCampaign[]): ReadonlyMap<CiCampaign, Promise<CampaignEnd>> {
  const tell = new Map<CiCampaign, (end: CampaignEnd) => void>();
  const ends = new Map<CiCampaign, Promise<CampaignEnd>>();
  for (const plan of plans) {
    ends.set(
      plan,
      new Promise((resolve) => {
        tell.set(plan, resolve);
      }),
    );
  }
  const waiting = [...plans];
  const lane = async (): Promise<void> => {
    const oracle = new Oracle();
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
      tell.get(plan)?.(await run(oracle, plan));
    }
    await oracle.close();
  };
  for (let index = 0; index < LANES; index++) void lane();
  return ends;
}

async function run(oracle: Oracle, { kind, seed, probes }: CiCampaign): Promise<CampaignEnd> {
  const started = Date.now();
  try {
    const result = await campaign(oracle, { ...PLAN, kinds: kindsOf(kind, null), seed, probes });
    return { result, seconds: (Date.now() - started) / 1000 };
  } catch (failure) {
    return { failure };
  }
}

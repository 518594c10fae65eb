import { Oracle } from "./oracle-client.ts";

/** What the tests need beside root; without the nft backend its share of the fuzz cannot run. */
const NEEDED = [
  "iptables-legacy",
  "iptables-nft",
  "ipset",
  "nft",
  "veth",
  "bridge",
  "vxlan",
  "nftrace",
  "legacy-trace",
  "tracefs",
];

let answered: Promise<string | null> | null = null;

/** Null when the real kernel can be asked; else why not. It is tried once in a process. */
export function whyNoKernel(): Promise<string | null> {
  answered ??= tryKernel();
  return answered;
}

async function tryKernel(): Promise<string | null> {
  if (process.getuid?.() !== 0) return "not root";
  const oracle = new Oracle();
  try {
    const { works } = await oracle.capabilities();
    const missing = NEEDED.filter((name) => works[name]?.works !== true);
    return missing.length === 0 ? null : `these do not work here: ${missing.join(", ")}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await oracle.close().catch(() => undefined);
  }
}

/**
 * Whether kernel tests run. Without a kernel to ask they are skipped, loudly; in CI that is a failure, so that a
 * green run always means that the kernel was asked.
 */
export async function kernelAvailable(): Promise<boolean> {
  const reason = await whyNoKernel();
  if (reason === null) return true;
  if (process.env["CI"] !== undefined && process.env["CI"] !== "") {
    throw new Error(`the kernel tests cannot run in CI: ${reason}`);
  }
  process.stderr.write(`\nSKIPPED: podpath is not being held against a real kernel: ${reason}\n\n`);
  return false;
}

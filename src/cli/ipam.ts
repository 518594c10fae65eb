import type { AddressPlan } from "../calico/ipam/address-plan.ts";
import { DEFAULT_IPAM_CONFIG } from "../calico/ipam/ipam-config.ts";
import { writtenPlan } from "../calico/ipam/written-plan.ts";
import { parseAddress } from "../net/address.ts";
import { ipamCheckText } from "../report/ipam/ipam-check-text.ts";
import { ipamJson } from "../report/ipam/ipam-json.ts";
import {
  ipamAddressText,
  ipamBorrowedText,
  ipamConfigurationText,
  ipamShowText,
} from "../report/ipam/ipam-show-text.ts";
import type { CommonOptions } from "./common-options.ts";
import { DONE, type ExitCode, FAILED } from "./exit-code.ts";
import { loadNetwork } from "./input.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import type { LoadedNetwork } from "./loaded-network.ts";
import { openOutput } from "./output.ts";

export interface IpamShowOptions extends CommonOptions {
  readonly ip?: string;
  readonly showBlocks?: boolean;
  readonly showBorrowed?: boolean;
  readonly showConfiguration?: boolean;
}

export interface IpamCheckOptions extends CommonOptions {
  readonly showProblemIps?: boolean;
}

/** `podpath ipam show`: the answer of `calicoctl ipam show`. */
export async function ipamShow(network: string, options: IpamShowOptions, io: Io): Promise<ExitCode> {
  const loaded = await loadNetwork(network, io, options);
  const { blocks } = planOf(loaded);
  const pools = [...loaded.cluster.ipPools.values()];
  const config = loaded.cluster.ipamConfigs.get("default") ?? DEFAULT_IPAM_CONFIG;
  const text = (): string => {
    if (options.ip !== undefined) return addressText(options.ip, blocks);
    if (options.showBorrowed === true) return ipamBorrowedText(blocks);
    if (options.showConfiguration === true) return ipamConfigurationText(config);
    return ipamShowText(pools, blocks, options.showBlocks === true);
  };
  print(options, io, options.json === true ? `${JSON.stringify(ipamJson(pools, blocks, config), null, 2)}\n` : text());
  return DONE;
}

/** `podpath ipam check`: the answer of `calicoctl ipam check`; problems end with exit code 1. */
export async function ipamCheck(network: string, options: IpamCheckOptions, io: Io): Promise<ExitCode> {
  const loaded = await loadNetwork(network, io, options);
  const plan = planOf(loaded);
  const { text, problems } = ipamCheckText(loaded.cluster, plan, {
    calico: loaded.settled?.versions.calico ?? "",
    showProblems: options.showProblemIps === true,
  });
  print(options, io, options.json === true ? `${JSON.stringify({ problems }, null, 2)}\n` : text);
  return problems.length === 0 ? DONE : FAILED;
}

function print(options: CommonOptions, io: Io, text: string): void {
  const output = openOutput(io, options);
  try {
    output.result(text);
  } finally {
    output.close();
  }
}

/** Of manifests what podpath gave to whom; of a snapshot what its IPAMBlocks say. */
function planOf(loaded: LoadedNetwork): AddressPlan {
  if (loaded.settled !== null) return loaded.settled.plan;
  const plan = writtenPlan(loaded.cluster);
  if (plan.blocks.length > 0) return plan;
  throw new InputError([
    {
      code: "no-ipam-blocks",
      severity: "error",
      message: "there is no IPAMBlock: nothing tells which addresses are given",
      advice: "Collect kubectl get ipamblocks.crd.projectcalico.org -o yaml into cluster/ipamblocks.yaml.",
    },
  ]);
}

function addressText(written: string, blocks: AddressPlan["blocks"]): string {
  const address = parseAddress(written);
  if (address !== null) return ipamAddressText(blocks, address);
  throw new InputError([
    { code: "bad-arguments", severity: "error", message: `--ip ${written} is no IP address`, expected: "192.168.1.2" },
  ]);
}

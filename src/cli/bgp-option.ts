import { type Command, Option } from "commander";

export const BGP_WAYS = ["auto", "run", "assume"] as const;

/** Where a cluster of manifests has its routes of BGP from. */
export interface BgpOptions {
  /** `auto`: it runs where that takes little; `assume`: all sessions are taken to be up. */
  readonly bgp?: (typeof BGP_WAYS)[number];
}

export function addBgpOption(command: Command): Command {
  return command.addOption(
    new Option(
      "--bgp <how>",
      "of manifests: let BGP run, or assume its routes (default: run it where that takes little)",
    )
      .choices(BGP_WAYS)
      .default("auto", "auto"),
  );
}

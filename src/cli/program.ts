import { Command, CommanderError, Option } from "commander";
import { findingText } from "../report/finding-text.ts";
import { addBgpOption } from "./bgp-option.ts";
import { addCommonOptions, addTextOptions, oneOf, wholeNumber } from "./common-options.ts";
import { BAD_INPUT, DEFECT, DONE, type ExitCode } from "./exit-code.ts";
import { addFactOptions } from "./fact-options.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { addProbeOptions, addTraceOptions } from "./probe-options.ts";
import { VERSION } from "./version.ts";

/** Runs one command line and answers with its exit code (INTERFACES section 1). Nothing is thrown. */
export async function runCommand(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = DONE;
  const done = (result: ExitCode): void => {
    code = result;
  };
  try {
    await buildProgram(io, done).parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    return explain(error, io);
  }
}

const ENCAPSULATIONS = ["None", "IPIP", "IPIPCrossSubnet", "VXLAN", "VXLANCrossSubnet"];

const NETWORK = "snapshot folder or archive, bundle, folder of manifests, scenario, one dump file, or -";

/** Options of the commands that ask about a network. */
function withNetwork(command: Command): Command {
  return addBgpOption(addFactOptions(addCommonOptions(command)));
}

/** The commands there are. What each needs is imported when it runs. */
function buildProgram(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command("podpath")
    .description("Replays Kubernetes/Calico network incidents: where a packet died, why, and on which line.")
    .version(VERSION)
    .showHelpAfterError("(add --help for all options)")
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => 80,
      getErrHelpWidth: () => 80,
    })
    .exitOverride();

  withNetwork(
    program
      .command("run")
      .description("play scenarios: probes, expectations, and the difference between two of them")
      .argument("<scenario...>", "folders with a scenario.yaml, or such files"),
  )
    .option("--hide-answer", "for teaching: neither the lesson nor the reasons")
    .option("--reconverge", "let BGP run anew from the dumps' bird.cfg, and take the routes that it brings")
    .action(async (scenarios: string[], options) => {
      const { run } = await import("./run.ts");
      done(await run(scenarios, options, io));
    });

  addFactOptions(
    addCommonOptions(
      program
        .command("birdc")
        .description("BGP started anew: what birdc show … or calicoctl node status says on a node")
        .argument("<network>", NETWORK)
        .argument("<node>", "a node with a bird.cfg, or of a folder of manifests")
        .argument(
          "<words...>",
          "show protocols [all], show route [all] [for A | protocol P], show status, node status",
        ),
    ),
  )
    .option(
      "--after <seconds>",
      "how long the daemons run before they are asked, or on the timeline (default: 120, or 6 minutes behind the last change)",
    )
    .option("--ipv6", "ask the daemon of IPv6")
    .action(async (network: string, node: string, words: string[], options) => {
      const { birdc } = await import("./birdc.ts");
      done(await birdc(network, node, words, options, io));
    });

  addTraceOptions(
    withNetwork(
      program
        .command("trace")
        .description("one probe, hop by hop, both directions, every branch")
        .argument("[network]", NETWORK),
    ),
  ).action(async (network: string | undefined, options) => {
    const { trace } = await import("./trace.ts");
    done(await trace(network, options, io));
  });

  withNetwork(
    program
      .command("probe")
      .description("many packets: JSON Lines in, JSON Lines out")
      .argument("[network]", NETWORK)
      .requiredOption("--packets <file>", "one JSON object a line; - for standard input"),
  ).action(async (network: string | undefined, options) => {
    const { probe } = await import("./probe.ts");
    done(await probe(network, options, io));
  });

  withNetwork(
    program
      .command("check")
      .description("problems that can be found without a packet, and what is not known")
      .argument("[network]", NETWORK),
  )
    .addOption(
      new Option("--fail-on <severity>", "exit 1 at findings as bad as this")
        .choices(["error", "warning", "never"])
        .default("error"),
    )
    .action(async (network: string | undefined, options) => {
      const { check } = await import("./check.ts");
      done(await check(network, options, io));
    });

  addProbeOptions(
    withNetwork(
      program
        .command("render")
        .description("a picture of the topology (svg, mermaid, dot), with the way of a packet")
        .argument("[network]", NETWORK),
    ),
  )
    .addOption(
      new Option("--format <format>", "default: what the name of -o says, else svg").choices(["svg", "mermaid", "dot"]),
    )
    .option("--expand", "draw every machine and pod by itself")
    .action(async (network: string | undefined, options) => {
      const { render } = await import("./render.ts");
      done(await render(network, options, io));
    });

  addTextOptions(
    program
      .command("init")
      .description("write a starting folder of manifests and nodes.yaml for a cluster in which everything works")
      .argument("<folder>", "a new folder, or an empty one")
      .option("--nodes <number>", "nodes in all; the first runs the control plane", wholeNumber(1, 60_000), 3)
      .option("--pods <number>", "pods of one Deployment", wholeNumber(1, 1_000_000), 4)
      .addOption(
        new Option("--encapsulation <mode>", "how packets between pods cross the network")
          .choices(ENCAPSULATIONS)
          .argParser(oneOf(ENCAPSULATIONS))
          .default("VXLANCrossSubnet"),
      )
      .option("--calico-version <version>", "which rules Felix writes", "v3.29.2")
      .option("--kubernetes-version <version>", "which rules kube-proxy writes", "v1.31.3")
      .option("--pool <cidr>", "where pods have their IPv4 addresses from", "192.168.0.0/16")
      .option("--two-subnets", "half of the nodes are behind a router")
      .option("--dual-stack", "IPv6 as well"),
  ).action(async (folder: string, options) => {
    const { init } = await import("./init.ts");
    done(init(folder, options, io));
  });

  addCommonOptions(
    program
      .command("explain")
      .description("what a code in brackets means, and what to do; without a code, all of them")
      .argument("[code]", "such as unknown-line"),
  ).action(async (code: string | undefined, options) => {
    const { explain: explainCode } = await import("./explain.ts");
    done(explainCode(code, options, io));
  });

  addCommonOptions(
    program
      .command("explain-rule")
      .description("from a chain, rule or set to the resource and field that made it, and back")
      .argument("<network>", NETWORK)
      .argument("<what...>", "chain, table/chain:number, set, rule, or resource (Kind namespace/name)"),
  )
    .option("--node <name>", "only on this node")
    .action(async (network: string, what: string[], options) => {
      const { explainRule } = await import("./explain-rule.ts");
      done(await explainRule(network, what, options, io));
    });

  addCommonOptions(
    program
      .command("bird")
      .description("the BIRD configuration that confd renders on a node from the resources")
      .argument("<network>", NETWORK)
      .argument("[node]", "without one, what each node is to BGP"),
  )
    .option("--file <name>", "only this file: bird.cfg, bird_aggr.cfg, bird_ipam.cfg, bird6.cfg, …")
    .option("--show-passwords", "do not hide the passwords of sessions")
    .action(async (network: string, node: string | undefined, options) => {
      const { bird } = await import("./bird.ts");
      done(await bird(network, node, options, io));
    });

  const ipam = program.command("ipam").description("who has which address, as calicoctl ipam tells it");
  addCommonOptions(
    ipam
      .command("show")
      .description("how full pools and blocks are, or one address")
      .argument("<network>", NETWORK)
      .option("--ip <address>", "who has this address")
      .option("--show-blocks", "the blocks of each pool as well")
      .option("--show-borrowed", "addresses that nodes have from blocks of others")
      .option("--show-configuration", "the settings"),
  ).action(async (network: string, options) => {
    const { ipamShow } = await import("./ipam.ts");
    done(await ipamShow(network, options, io));
  });
  addCommonOptions(
    ipam
      .command("check")
      .description("addresses that are given and not used, or used and not given")
      .argument("<network>", NETWORK)
      .option("--show-problem-ips", "each address that is wrong"),
  ).action(async (network: string, options) => {
    const { ipamCheck } = await import("./ipam.ts");
    done(await ipamCheck(network, options, io));
  });

  addTextOptions(
    program
      .command("collect")
      .description("print a POSIX sh script that gathers a snapshot of a node and writes it as a tar")
      .option("--cluster", "the script that asks kubectl and calicoctl for the objects of the cluster")
      .option("--max-bytes <number>", "cut each file at this size", wholeNumber(1024, 2 ** 40))
      .option("--timeout <seconds>", "for one command", wholeNumber(1, 3600))
      .option("--no-pods", "leave out the network namespaces of pods")
      .option("--no-conntrack", "leave out the connections that are tracked"),
  ).action(async (options) => {
    const { collect } = await import("./collect.ts");
    done(collect(options, io));
  });
  return program;
}

function explain(error: unknown, io: Io): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : BAD_INPUT;
  if (error instanceof InputError) {
    const shown = error.findings.slice(0, 20);
    for (const finding of shown) io.stderr.write(`${findingText(finding)}\n`);
    if (error.findings.length > shown.length) io.stderr.write(`… and ${error.findings.length - shown.length} more\n`);
    return BAD_INPUT;
  }
  const message = error instanceof Error ? error.message : String(error);
  io.stderr.write(`podpath ${VERSION} has a defect: ${message}\n`);
  const stack = error instanceof Error ? (error.stack ?? "").split("\n").slice(1, 6).join("\n") : "";
  if (stack !== "") io.stderr.write(`${stack}\n`);
  io.stderr.write(
    "Please report it with the command line and the lines above. `podpath check <network>` says whether the input is odd.\n",
  );
  return DEFECT;
}

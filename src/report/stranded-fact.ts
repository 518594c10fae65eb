import type { Journey } from "../emulator/journey.ts";
import { knowledgeOf } from "../model/host.ts";
import type { Network } from "../model/network.ts";
import { formatAddress } from "../net/address.ts";
import { factSource } from "../trace/fact-source.ts";
import { ownerOf } from "./address-names.ts";
import { snapshotFolder } from "./snapshot-folder.ts";

/** Why a packet left the model on its way to a machine that has a name: it was not dumped, or not its interfaces. */
export function strandedFact(network: Network, journey: Journey): string | null {
  const ending = journey.end?.ending;
  if (ending?.outcome !== "left" || ending.nextHop === null) return null;
  const owner = ownerOf(network, ending.nextHop);
  if (owner === null || owner.host === "") return null;
  const address = formatAddress(ending.nextHop);
  const host = network.hosts.get(owner.host);
  if (host === undefined) return `${address} is ${owner.name}, and no dump of ${owner.host} is there`;
  if (knowledgeOf(host, "interfaces") !== "unknown") return null;
  const { command, file } = factSource("interfaces");
  const place = `${snapshotFolder({ host: host.name, node: host.node })}/${file}`;
  return `${address} is ${owner.name}, whose interfaces no dump tells (${command} > ${place})`;
}

import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import type { Interface } from "../../model/interface.ts";
import { readAddresses } from "../ip/address.ts";
import type { InterfaceDump } from "../ip/interface-build.ts";
import { joinAddresses } from "../ip/join-addresses.ts";
import { mergeInterfaces, readLinks } from "../ip/link.ts";
import type { ChosenFile } from "./choose-files.ts";
import { type Chosen, note, one, type Reading } from "./reading.ts";

const NO_INTERFACES: InterfaceDump = { interfaces: [], detailed: new Set(), namespaces: new Map(), findings: [] };

/** One file of all addresses; else those of `ip -4 addr` and `ip -6 addr`. */
function addressFilesOf(chosen: Chosen): readonly ChosenFile[] {
  const files = chosen("addresses");
  const whole = files.find((one) => one.role.family === null);
  return whole === undefined ? files : [whole];
}

/** True where only `ip -4 addr` or `ip -6 addr` tells the interfaces: both leave out those without such addresses. */
export function isOfOneFamily(chosen: Chosen): boolean {
  return one(chosen, "links") === null && addressFilesOf(chosen).every(({ role }) => role.family !== null);
}

export function onlyInRoutes(folder: string, devices: readonly Interface[]): Finding {
  const names = devices.slice(0, 3).map((device) => device.name);
  return {
    code: "interfaces-from-routes",
    severity: "warning",
    message: `ip -4 addr leaves out interfaces without IPv4 addresses; ${devices.length === 1 ? "one is" : `${devices.length} are`} known from routes alone (${names.join(", ")}${devices.length > names.length ? ", …" : ""}) and taken to be up, with an MTU of 1500.`,
    file: folder,
    advice: "Collect ip -d -s addr into ip-addr.txt.",
  };
}

export function readInterfaces(chosen: Chosen, reading: Reading): InterfaceDump {
  const addressFiles = addressFilesOf(chosen);
  const [addressFile = null] = addressFiles;
  const linkFile = one(chosen, "links");
  const addressDumps = addressFiles.map(({ file }) => readAddresses(file.text, file.path, reading.origins));
  const addresses = addressFile && addressDumps.reduce(joinAddresses);
  const links = linkFile && readLinks(linkFile.file.text, linkFile.file.path, reading.origins);
  for (const [i, { file }] of addressFiles.entries()) {
    note(reading, file, "ip addr", addressDumps[i]?.interfaces.length ?? 0, []);
  }
  if (linkFile && links) note(reading, linkFile.file, "ip link", links.interfaces.length, []);
  const dump =
    addresses && links ? mergeInterfaces(addresses, links, reading.origins) : (addresses ?? links ?? NO_INTERFACES);
  append(reading.findings, dump.findings);
  if (dump.interfaces.length === 0 && (addressFile || linkFile)) {
    reading.findings.push({
      code: "no-interfaces",
      severity: "error",
      message: "No interface could be read.",
      file: (addressFile ?? linkFile)?.file.path ?? "",
      expected: "the output of ip -d -s addr",
    });
  }
  if (addressFile === null && linkFile !== null && dump.interfaces.length > 0) {
    reading.findings.push({
      code: "no-addresses",
      severity: "warning",
      message: "The interfaces of this machine are known, and none of their addresses: there is no ip-addr beside it.",
      file: linkFile.file.path,
      advice: "Add ip-addr.txt: ip -d -s addr.",
    });
  }
  return dump;
}

import type { OriginTable } from "../../model/origin.ts";
import { type InterfaceDump, readInterfaceDump } from "./interface-build.ts";

/** Reads `ip [-d] [-s] [-o] [-j] addr`, text or JSON. */
export function readAddresses(text: string, file: string, origins: OriginTable): InterfaceDump {
  return readInterfaceDump(text, file, origins);
}

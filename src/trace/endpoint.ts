import type { FindingCode } from "../model/codes/finding-codes.ts";
import type { Finding } from "../model/finding.ts";
import { didYouMean } from "../model/nearest.ts";
import type { Network } from "../model/network.ts";
import { type Address, formatAddress, parseAddress, sameAddress } from "../net/address.ts";
import { TCP } from "../net/protocol.ts";

/** One end of a probe. */
export interface Endpoint {
  readonly text: string;
  /** Host to send from or, when known, that owns the address; null for an address that no modelled host has. */
  readonly host: string | null;
  readonly addresses: readonly Address[];
  /** Port of a `service/…:port`; null otherwise. */
  readonly port: number | null;
  readonly protocol: number | null;
  /** True when the endpoint was given as an address: a sender then binds it. */
  readonly literal: boolean;
  /** A name that the sender has to ask for first; absent: there is nothing to ask for. */
  readonly name?: string;
}

export type Resolved = { readonly endpoint: Endpoint } | { readonly finding: Finding };

/**
 * Reads `pod/<namespace>/<name>`, `node/<name>`, `service/<namespace>/<name>[:port]`, `host/<name>`, an IP address, or a name that the
 * sender asks its name server for: `dns/<name>[:port]` or an `http://` or `https://` URL.
 * An unknown name comes back as a finding with the nearest names there are.
 */
export function resolveEndpoint(network: Network, text: string): Resolved {
  const address = parseAddress(text);
  if (address !== null) {
    return {
      endpoint: {
        text,
        host: ownerOf(network, address),
        addresses: [address],
        port: null,
        protocol: null,
        literal: true,
      },
    };
  }
  if (text.startsWith("service/")) return resolveService(network, text);
  const byName = namedEndpoint(text);
  if (byName !== null) return { endpoint: byName };
  const named = network.endpoints.get(text) ?? network.endpoints.get(`node/${text}`);
  if (named !== undefined) {
    if (named.addresses.length === 0) {
      return fail(
        "endpoint-without-address",
        `${text} has no address`,
        "An endpoint needs an IP address: see the findings of podpath check.",
      );
    }
    const host = network.hosts.has(named.host) ? named.host : null;
    return { endpoint: { text, host, addresses: named.addresses, port: null, protocol: null, literal: false } };
  }
  const host = network.hosts.get(text);
  if (host !== undefined) {
    const addresses = [...host.interfaces.values()]
      .filter((device) => device.kind !== "loopback")
      .flatMap((device) => device.addresses.filter((item) => item.scope === "global").map((item) => item.address));
    return { endpoint: { text, host: text, addresses, port: null, protocol: null, literal: false } };
  }
  const names = [...network.endpoints.keys(), ...[...network.services.keys()].map((name) => `service/${name}`)];
  const [only] = network.hosts.keys();
  const among =
    network.hosts.size === 1 ? `; the only machine that is known is ${only}` : ` in ${network.hosts.size} hosts`;
  return fail("unknown-endpoint", `there is no ${text}${among}`, portAdvice(network, text) ?? suggestion(text, names));
}

/** Only Services take a port behind the name, since it may be a name too; null when the text is wrong otherwise as well. */
function portAdvice(network: Network, text: string): string | null {
  const [, bare, port] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (bare === undefined || port === undefined) return null;
  const unbracketed = bare.replace(/^\[(.*)\]$/, "$1");
  return "endpoint" in resolveEndpoint(network, unbracketed)
    ? `The port is an option of its own: ${unbracketed} and --port ${port}.`
    : null;
}

const DNS = /^dns\/([\w.-]+)(?::(\d{1,5}))?$/i;
const URL_TEXT = /^(https?):\/\/([\w.-]+)(?::(\d{1,5}))?(?:[/?#].*)?$/i;

function namedEndpoint(text: string): Endpoint | null {
  const url = URL_TEXT.exec(text);
  const [, name, port] = DNS.exec(text) ?? (url === null ? [] : [url[0], url[2], url[3]]);
  if (name === undefined) return null;
  const usual = url === null ? null : url[1]?.toLowerCase() === "https" ? 443 : 80;
  const given = port === undefined ? usual : Number(port);
  const address = parseAddress(name);
  return {
    text,
    host: null,
    addresses: address === null ? [] : [address],
    port: given,
    protocol: url === null ? null : TCP,
    literal: true,
    ...(address === null ? { name } : {}),
  };
}

function suggestion(text: string, names: readonly string[]): string {
  const question = didYouMean(text, names);
  if (question !== null) return question;
  return "Write pod/<namespace>/<name>, node/<name>, service/<namespace>/<name>[:port], host/<name>, dns/<name>[:port], a URL or an IP address.";
}

function resolveService(network: Network, text: string): Resolved {
  const colon = text.lastIndexOf(":");
  const name = text.slice("service/".length, colon < 0 ? undefined : colon);
  const service = network.services.get(name);
  if (service === undefined) {
    const names = [...network.services.keys()].map((key) => `service/${key}`);
    return fail("unknown-endpoint", `there is no Service ${name}`, suggestion(text, names));
  }
  if (service.clusterIPs.length === 0) {
    return fail(
      "endpoint-without-address",
      `Service ${name} has no cluster IP`,
      "A headless Service has only its endpoints' addresses.",
    );
  }
  const port = servicePort(service.ports, colon < 0 ? null : text.slice(colon + 1));
  if (port === undefined) {
    const offered = service.ports.map((item) => `${item.port}${item.name === "" ? "" : ` (${item.name})`}`).join(", ");
    return fail("unknown-port", `Service ${name} has no port ${text.slice(colon + 1)}`, `It has ${offered}.`);
  }
  return {
    endpoint: {
      text,
      host: null,
      addresses: service.clusterIPs,
      port: port?.port ?? null,
      protocol: port?.protocol ?? null,
      literal: true,
    },
  };
}

type ServicePort = { readonly name: string; readonly protocol: number; readonly port: number };

/** Undefined when a port was asked for that the Service does not have; null when none was asked for and none is alone. */
function servicePort(ports: readonly ServicePort[], wanted: string | null): ServicePort | null | undefined {
  if (wanted === null) return ports.length === 1 ? (ports[0] ?? null) : null;
  return ports.find((item) => item.name === wanted || String(item.port) === wanted);
}

/** The host with that address on one of its interfaces. */
function ownerOf(network: Network, address: Address): string | null {
  for (const host of network.hosts.values()) {
    for (const device of host.interfaces.values()) {
      if (device.kind !== "loopback" && device.addresses.some((item) => sameAddress(item.address, address))) {
        return host.name;
      }
    }
  }
  return null;
}

function fail(code: FindingCode, message: string, advice: string): Resolved {
  return { finding: { code, severity: "error", message, advice } };
}

/** `pod/default/a (192.168.1.2)`. */
export function describeEndpoint(endpoint: Endpoint): string {
  const address = endpoint.addresses[0];
  if (address === undefined || formatAddress(address) === endpoint.text) return endpoint.text;
  return `${endpoint.text} (${formatAddress(address)})`;
}

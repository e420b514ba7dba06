/** Where clients are, as far as fairness between them goes. */
import type { BatchClient } from "./batch-job.js";

const IPV4_IN_IPV6 = "::ffff:";
/** The groups of an IPv6 address, and those of its network: who has one address there has all of them. */
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/** What `networkOf` said of late: it is asked several times for each request. */
const known = new Map<string, string>();
/** With so many addresses all are forgotten. */
const MOST_KNOWN = 1024;

/**
 * The address of a client: all of IPv4, the network of 64 bits of IPv6; undefined where it is not known, as for work
 * without a client. Clients behind one proxy have one address.
 */
export function addressOf(client: BatchClient | undefined): string | undefined {
  const address = client?.remoteAddress;
  if (address === undefined) return undefined;
  let network = known.get(address);
  if (network === undefined) {
    if (known.size >= MOST_KNOWN) known.clear();
    network = networkOf(address);
    known.set(address, network);
  }
  return network;
}

function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  if (address.startsWith(IPV4_IN_IPV6)) return address.slice(IPV4_IN_IPV6.length);
  const [head = "", tail] = address.split("::");
  const first = groupsOf(head);
  const last = groupsOf(tail ?? "");
  const zeros = Array<string>(Math.max(0, GROUPS - first.length - last.length)).fill("0");
  return [...first, ...zeros, ...last].slice(0, NETWORK_GROUPS).join(":");
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}

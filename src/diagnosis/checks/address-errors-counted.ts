import { counted } from "./counted.ts";

/** IpInAddrErrors: ip_rcv_finish() and ip_forward() refused the destination. */
export const addressErrorsCounted = counted("IpInAddrErrors", "packets that were neither for it nor to be forwarded");

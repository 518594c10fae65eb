import { counted } from "./counted.ts";

/** TcpExtIPReversePathFilter: dropped by rp_filter (fib_validate_source). */
export const reversePathFiltered = counted("TcpExtIPReversePathFilter", "packets that rp_filter dropped");

/** Fields of pools and of what Calico's IPAM writes down (libcalico-go/config/crd). */

export const IP_POOL = `
spec
  allowedUses[] string +#..10 +Workload|Tunnel|LoadBalancer
  +assignmentMode string Automatic|Manual
  blockSize integer +0..128
  cidr* string +=..48 +cidr
  disableBGPExport boolean
  disabled boolean
  -ipip
    enabled boolean
    mode string
  ipipMode string +Never|Always|CrossSubnet
  +namespaceSelector string =..1024
  -nat-outgoing boolean
  natOutgoing boolean
  nodeSelector string +=..1024
  vxlanMode string +Never|Always|CrossSubnet
`;

export const IP_RESERVATION = `
spec
  reservedCIDRs[] string +cidr
`;

export const IPAM_BLOCK = `
spec
  affinity string
  +affinityClaimTime string date-time
  allocations*[] integer null
  attributes*[]
    +alternateOwnerAttrs{} string
    handle_id string
    +releasedAt string date-time
    secondary{} string
  cidr* string
  deleted boolean
  sequenceNumber integer
  sequenceNumberForAllocation{} integer
  strictAffinity* boolean
  unallocated*[] integer
`;

export const BLOCK_AFFINITY = `
spec
  cidr* string
  deleted* any
  node* string
  state* string
  +type string
`;

export const IPAM_CONFIG = `
spec
  autoAllocateBlocks* boolean
  +ipCooldownSeconds integer 0..1200
  +kubeVirtVMAddressPersistence string Enabled|Disabled
  maxBlocksPerHost integer 0..2147483647
  strictAffinity* boolean
`;

export const IPAM_HANDLE = `
spec
  block*{} integer
  deleted boolean
  handleID* string
`;

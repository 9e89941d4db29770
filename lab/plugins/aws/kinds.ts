/** Every kind of resource that the stand-in knows. */
import type { Kind } from "./kind.ts";
import { eip, eipAssociation } from "./kinds/address.ts";
import { keyPair, metricAlarm, parameter, record } from "./kinds/beside.ts";
import { lifecyclePolicy } from "./kinds/dlm.ts";
import { instanceProfile, role, rolePolicy, rolePolicyAttachment } from "./kinds/iam.ts";
import { instance } from "./kinds/instance.ts";
import { networkInterface } from "./kinds/network-interface.ts";
import { securityGroup, securityGroupEgressRule, securityGroupIngressRule } from "./kinds/security-group.ts";
import { volume, volumeAttachment } from "./kinds/volume.ts";

export const KINDS: readonly Kind[] = [
  instance,
  networkInterface,
  volume,
  volumeAttachment,
  securityGroup,
  securityGroupIngressRule,
  securityGroupEgressRule,
  role,
  rolePolicy,
  rolePolicyAttachment,
  instanceProfile,
  keyPair,
  parameter,
  record,
  eip,
  eipAssociation,
  lifecyclePolicy,
  metricAlarm,
];

import { encryptedVolumes } from "./encrypted-volumes.ts";
import { instanceMetadata } from "./instance-metadata.ts";
import { leastPrivilege } from "./least-privilege.ts";
import { networkAccess } from "./network-access.ts";
import { protectedData } from "./protected-data.ts";
import type { Rule } from "./rule.ts";
import { noPlainSecrets, noSecretsInUserData } from "./secrets.ts";
import { tagged } from "./tagged.ts";

export const rules: readonly Rule[] = [
  encryptedVolumes,
  instanceMetadata,
  networkAccess,
  protectedData,
  leastPrivilege,
  tagged,
  noSecretsInUserData,
  noPlainSecrets,
];

/** Every kind of resource that the provider knows. */
import { password } from "./harbor/password.ts";
import { project } from "./harbor/project.ts";
import { registry } from "./harbor/registry.ts";
import { access } from "./host/access.ts";
import { sshKeyPair } from "./host/ssh-key-pair.ts";
import { mirrorPool } from "./nodes/mirror-pool.ts";
import type { ResourceModule } from "./resource.ts";

export const resources: readonly ResourceModule[] = [
  registry,
  project,
  password,
  access,
  sshKeyPair,
  mirrorPool,
];

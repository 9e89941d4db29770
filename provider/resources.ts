/** Every kind of resource that the provider knows. */
import { password } from "./harbor/password.ts";
import { project } from "./harbor/project.ts";
import { registry } from "./harbor/registry.ts";
import { mirrorPool } from "./nodes/mirror-pool.ts";
import type { ResourceModule } from "./resource.ts";

export const resources: readonly ResourceModule[] = [registry, project, password, mirrorPool];

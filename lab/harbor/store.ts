/** What Harbor's database holds, as one JSON file that is written after every change. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { operationsTables } from "./operations-tables.ts";
import { settingsSchema } from "./settings.ts";

const time = z.string();

const user = z.object({
  id: z.int(),
  username: z.string(),
  realname: z.string(),
  comment: z.string(),
  admin: z.boolean(),
  salt: z.string(),
  passwordHash: z.string(),
  created: time,
  updated: time,
});

const registry = z.object({
  id: z.int(),
  name: z.string(),
  type: z.string(),
  url: z.string(),
  description: z.string(),
  insecure: z.boolean(),
  caCertificate: z.string(),
  credentialType: z.string(),
  accessKey: z.string(),
  /** Encrypted; empty where there is none. */
  accessSecret: z.string(),
  status: z.enum(["healthy", "unhealthy"]),
  created: time,
  updated: time,
});

const project = z.object({
  id: z.int(),
  name: z.string(),
  ownerId: z.int(),
  registryId: z.int().optional(),
  metadata: z.record(z.string(), z.string()),
  allowlist: z.object({ id: z.int(), items: z.array(z.object({ cve_id: z.string() })) }),
  /** Digests and sizes of the blobs that this project holds: what its quota counts. */
  blobs: z.record(z.string(), z.int()),
  created: time,
  updated: time,
});

const member = z.object({
  id: z.int(),
  projectId: z.int(),
  /** A user or a group. */
  kind: z.enum(["u", "g"]),
  entityId: z.int(),
  role: z.int(),
});

const userGroup = z.object({ id: z.int(), name: z.string(), type: z.int(), ldapDn: z.string() });

const robot = z.object({
  id: z.int(),
  /** Without the prefix, with its project: `puller`, `proj+ci`. */
  name: z.string(),
  description: z.string(),
  level: z.enum(["system", "project"]),
  /** 0 for one of the system. */
  projectId: z.int(),
  /** Days, -1 is for ever. */
  duration: z.int(),
  /** Seconds since 1970, -1 is never. */
  expiresAt: z.int(),
  disabled: z.boolean(),
  permissions: z.array(
    z.object({
      kind: z.enum(["system", "project"]),
      /** A project's name, `*` for all of them, `/` for the system. */
      namespace: z.string(),
      access: z.array(z.object({ resource: z.string(), action: z.string() })),
    }),
  ),
  creatorType: z.enum(["local", "robot"]),
  creatorId: z.int(),
  salt: z.string(),
  secretHash: z.string(),
  created: time,
  updated: time,
});

const quota = z.object({ id: z.int(), projectId: z.int(), limit: z.int(), created: time, updated: time });

const repository = z.object({
  id: z.int(),
  projectId: z.int(),
  /** With the project: `proxy.docker.io/library/alpine`. */
  name: z.string(),
  pullCount: z.int(),
  created: time,
  updated: time,
});

const artifact = z.object({
  id: z.int(),
  projectId: z.int(),
  repositoryId: z.int(),
  digest: z.string(),
  mediaType: z.string(),
  size: z.int(),
  /** Digests of an index's manifests. */
  children: z.array(z.string()),
  pushed: time,
  pulled: time,
});

const tag = z.object({
  id: z.int(),
  repositoryId: z.int(),
  artifactId: z.int(),
  name: z.string(),
  pushed: time,
  pulled: time,
});

const stateSchema = z.object({
  sequences: z.record(z.string(), z.int()),
  settings: settingsSchema,
  users: z.array(user),
  registries: z.array(registry),
  projects: z.array(project),
  members: z.array(member),
  userGroups: z.array(userGroup),
  robots: z.array(robot),
  quotas: z.array(quota),
  repositories: z.array(repository),
  artifacts: z.array(artifact),
  tags: z.array(tag),
  ...operationsTables,
});

export type State = z.infer<typeof stateSchema>;
export type User = z.infer<typeof user>;
export type Registry = z.infer<typeof registry>;
export type Project = z.infer<typeof project>;
export type Member = z.infer<typeof member>;
export type UserGroup = z.infer<typeof userGroup>;
export type Robot = z.infer<typeof robot>;
export type Quota = z.infer<typeof quota>;
export type Repository = z.infer<typeof repository>;
export type Artifact = z.infer<typeof artifact>;
export type Tag = z.infer<typeof tag>;

/** What Go prints for a time that was never set. */
export const NEVER = "0001-01-01T00:00:00.000Z";

export class Store {
  readonly state: State;
  /** Whether this is the first start on this data folder. */
  readonly fresh: boolean;
  readonly #file: string;

  constructor(dataDir: string) {
    this.#file = path.join(dataDir, "database", "harbor-standin.json");
    this.fresh = !existsSync(this.#file);
    if (this.fresh) mkdirSync(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    this.state = this.fresh
      ? {
          sequences: {},
          settings: settingsSchema.parse({}),
          users: [],
          registries: [],
          projects: [],
          members: [],
          userGroups: [],
          robots: [],
          quotas: [],
          repositories: [],
          artifacts: [],
          tags: [],
          retentions: [],
          immutableRules: [],
          labels: [],
          replicationPolicies: [],
          webhookPolicies: [],
          schedules: [],
          executions: [],
        }
      : stateSchema.parse(JSON.parse(readFileSync(this.#file, "utf8")));
  }

  /** The next id of a database sequence; ids are never given twice. */
  next(sequence: string): number {
    const id = (this.state.sequences[sequence] ?? 0) + 1;
    this.state.sequences[sequence] = id;
    return id;
  }

  save(): void {
    const partial = `${this.#file}.partial`;
    writeFileSync(partial, JSON.stringify(this.state), { mode: 0o600 });
    renameSync(partial, this.#file);
  }
}

/** Takes the elements out of `list` that `gone` picks. */
export function removeWhere<T>(list: T[], gone: (item: T) => boolean): void {
  list.splice(0, list.length, ...list.filter((item) => !gone(item)));
}

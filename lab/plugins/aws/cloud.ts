/** What exists in the cloud that the stand-in plays, and the calls that it was asked for. */
import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import type { Properties } from "../../../provider/values.ts";

const tags = z.record(z.string(), z.string()).default({});

/** Something that the program made. */
const made = z.object({
  type: z.string(),
  id: z.string(),
  inputs: z.custom<Properties>(),
  /** Inputs and outputs. */
  state: z.custom<Properties>(),
});

const contents = z.object({
  account: z.string().default("123456789012"),
  vpcs: z
    .array(z.object({ id: z.string(), cidrBlock: z.string(), default: z.boolean().default(false), tags }))
    .default([]),
  subnets: z
    .array(
      z.object({
        id: z.string(),
        vpcId: z.string(),
        availabilityZone: z.string(),
        cidrBlock: z.string(),
        defaultForAz: z.boolean().default(false),
        mapPublicIpOnLaunch: z.boolean().default(false),
        tags,
      }),
    )
    .default([]),
  images: z
    .array(z.object({ id: z.string(), architecture: z.enum(["x86_64", "arm64"]).default("x86_64") }))
    .default([]),
  /** Instances that others made. */
  instances: z
    .array(
      z.object({
        id: z.string(),
        state: z
          .enum(["pending", "running", "shutting-down", "stopped", "stopping", "terminated"])
          .default("running"),
        privateIp: z.string().default(""),
        publicIp: z.string().default(""),
        tags,
      }),
    )
    .default([]),
  /** SSM parameters of others, such as AWS's public ones, by name. */
  parameters: z.record(z.string(), z.string()).default({}),
  /** Hosted zones of Route53's. */
  zones: z
    .array(z.object({ id: z.string(), name: z.string(), private: z.boolean().default(false) }))
    .default([]),
  /** Names of key pairs that others made. */
  keyPairs: z.array(z.string()).default([]),
  /**
   * `ssh-ed25519 AAAA…`: what cloud-init of every new machine publishes, by the SSM parameter that its user data names
   * and its role may write. Without it a machine never reports.
   */
  hostKey: z.string().optional(),
  made: z.array(made).default([]),
  /** Counts addresses: none is given twice. */
  addresses: z.number().default(0),
});

export type CloudContents = z.output<typeof contents>;
export type Made = z.output<typeof made>;

/**
 * With a folder, `cloud.json` in it says what exists, before and after, and each call is a line in `calls.jsonl`.
 * Without, nothing can be made, and what is looked up is made up.
 */
export class Cloud {
  readonly region: string;
  readonly #folder: string | undefined;
  #memory: CloudContents = contents.parse({});

  constructor(region: string, folder: string | undefined) {
    this.region = region;
    this.#folder = folder;
  }

  get madeUp(): boolean {
    return this.#folder === undefined;
  }

  get contents(): CloudContents {
    if (this.#folder === undefined) return this.#memory;
    const file = join(this.#folder, "cloud.json");
    return contents.parse(existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {});
  }

  /** Reads, lets `work` change it, and writes; nothing is written where it throws. */
  change<T>(work: (cloud: CloudContents) => T): T {
    const now = this.contents;
    const result = work(now);
    if (this.#folder === undefined) this.#memory = now;
    else {
      mkdirSync(this.#folder, { recursive: true });
      // Whoever reads it meanwhile sees the old one or the new one.
      const written = join(this.#folder, `.cloud.json.${process.pid}`);
      writeFileSync(written, `${JSON.stringify(now, undefined, 2)}\n`, { mode: 0o600 });
      renameSync(written, join(this.#folder, "cloud.json"));
    }
    return result;
  }

  /** `action` is AWS's own: `ec2:RunInstances`. */
  record(action: string, what: Readonly<Record<string, unknown>>): void {
    if (this.#folder === undefined) return;
    mkdirSync(this.#folder, { recursive: true });
    const line = JSON.stringify({ action, ...what });
    appendFileSync(join(this.#folder, "calls.jsonl"), `${line}\n`, { mode: 0o600 });
  }

  arn(service: string, resource: string, { global = false } = {}): string {
    return `arn:aws:${service}:${global ? "" : this.region}:${this.contents.account}:${resource}`;
  }
}

/** `i-0123456789abcdef0` */
export const newId = (prefix: string): string => `${prefix}-0${randomBytes(8).toString("hex")}`;

/** As AWS's API says it. */
export class AwsError extends Error {
  constructor(action: string, code: string, message: string) {
    const [service = "", operation = ""] = action.split(":");
    super(
      `operation error ${service.toUpperCase()}: ${operation}, https response error StatusCode: 400, ` +
        `api error ${code}: ${message}`,
    );
    this.name = "AwsError";
  }
}

export const ofType = (cloud: CloudContents, type: string): Made[] =>
  cloud.made.filter((one) => one.type === type);

export const findMade = (cloud: CloudContents, type: string, id: string): Made | undefined =>
  ofType(cloud, type).find((one) => one.id === id);

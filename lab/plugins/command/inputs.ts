/** The inputs of @pulumi/command 1.2.1, as its schema publishes them: what it doesn't know is refused. */
import { z } from "zod";

import type { Shape } from "../../../provider/inputs.ts";
import type { Value } from "../../../provider/values.ts";

const endpoint = {
  host: z.string(),
  port: z.number().default(22),
  user: z.string().default("root"),
  password: z.string().optional(),
  privateKey: z.string().optional(),
  privateKeyPassword: z.string().optional(),
  agentSocketPath: z.string().optional(),
  hostKey: z.string().optional(),
  /** N allows N + 1 tries; -1 never gives up. */
  dialErrorLimit: z.int().default(10),
  /** Seconds for the TCP connect only; 0 waits for ever. */
  perDialTimeout: z.int().default(15),
};

const endpointSchema = z.strictObject(endpoint);
const connectionSchema = z.strictObject({ ...endpoint, proxy: endpointSchema.optional() });

export type Endpoint = z.infer<typeof endpointSchema>;
export type Connection = z.infer<typeof connectionSchema>;

export const LOGGING = ["stdout", "stderr", "stdoutAndStderr", "none"] as const;

const commandShape = {
  connection: connectionSchema as z.ZodType<Connection>,
  create: z.string().optional(),
  update: z.string().optional(),
  delete: z.string().optional(),
  stdin: z.string().optional(),
  environment: z.record(z.string(), z.string()).optional(),
  logging: z.enum(LOGGING).optional(),
  addPreviousOutputInEnv: z.boolean().optional(),
  triggers: z.array(z.custom<Value>()).optional(),
};

const commandSchema = z.object(commandShape);

export type Command = z.infer<typeof commandSchema>;

/** By type token. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  "command:remote:Command": commandShape as Shape,
};

/** Inputs, or a state, that were checked before. */
export const parseCommand = (properties: unknown): Command => commandSchema.parse(properties);

/** What a state holds besides its inputs. */
export const parseOutputs = (properties: unknown): { stdout: string; stderr: string } =>
  z.object({ stdout: z.string().default(""), stderr: z.string().default("") }).parse(properties);

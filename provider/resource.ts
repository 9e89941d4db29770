/**
 * What a kind of resource is to the provider's server: a plain module of functions on plain values.
 * The server (`server.ts`) does gRPC, protobuf, secrets and error details; a module does the work.
 */
import type { HarborClient } from "./harbor/client.ts";
import type { Properties } from "./values.ts";

export type Severity = "debug" | "info" | "warning" | "error";

/** What the engine and the provider's configuration give to an operation. */
export interface ResourceContext {
  /** The configured Harbor. Throws an error for people when the provider has no (known) connection. */
  harbor(): HarborClient;
  /** A line in the engine's display under the resource; `ephemeral` lines are progress and are replaced. Never rejects. */
  log(severity: Severity, message: string, urn: string, ephemeral?: boolean): Promise<void>;
  /** Aborted by Cancel, i.e. by a first Ctrl-C: begin nothing new, end soon. */
  readonly signal: AbortSignal;
}

/** A broken input. `property` is a path as in `nodes[0].port`; empty means the resource as a whole. */
export interface CheckFailure {
  readonly property: string;
  /** What is wrong and what is right, for people. Never the value of a secret. */
  readonly reason: string;
}

export interface CheckResult {
  /** Inputs with defaults filled in; what the engine stores and hands to diff, create and update. */
  readonly inputs: Properties;
  readonly failures: readonly CheckFailure[];
}

export type DiffKind = "add" | "delete" | "update" | "add-replace" | "delete-replace" | "update-replace";

export interface PropertyDiff {
  readonly kind: DiffKind;
  /** True (default): old and new inputs differ. False: the state differs from the inputs, i.e. drift. */
  readonly inputDiff?: boolean;
}

export interface DiffResult {
  /** By property path (`files[0].content`, `applied.node-1`). Empty: nothing to do. A `…-replace` replaces the resource. */
  readonly detailed: Readonly<Record<string, PropertyDiff>>;
  /** Delete the old one first, for objects that can't exist twice under one name. */
  readonly deleteBeforeReplace?: boolean;
}

export interface Created {
  /** Empty in a preview where it is not known yet. */
  readonly id: string;
  /** All outputs, the inputs among them. In a preview what isn't known yet is `UNKNOWN`. */
  readonly state: Properties;
}

export interface ReadResult {
  readonly id: string;
  /** As the real object has them, so that the next diff shows drift; after an import all of them. */
  readonly inputs: Properties;
  readonly state: Properties;
}

/** A resource in Pulumi's package schema: property types by name. */
export interface ResourceSchema {
  readonly inputProperties: Readonly<Record<string, object>>;
  readonly requiredInputs: readonly string[];
  /** Outputs, inputs among them. */
  readonly properties: Readonly<Record<string, object>>;
  /** Outputs that are always there. */
  readonly required: readonly string[];
}

/**
 * A function of the provider's: what a program asks without making anything. It fails with an error for people, and
 * is asked at previews too.
 */
export interface FunctionModule {
  /** `harborcache:harbor:getSystemInfo` */
  readonly token: string;
  /** Values are plain; `args` may hold secrets, which no error may show. */
  call(ctx: ResourceContext, args: Properties): Promise<Properties>;
}

/**
 * One kind of resource. Values are plain JavaScript (see `values.ts`): secrets are unwrapped, and the server wraps
 * what comes out at a path that came in as secret. Only check, diff and preview meet `UNKNOWN`. An operation that
 * throws `PartialFailure` has left something behind that the state must keep; any other error means: nothing done.
 */
export interface ResourceModule {
  /** Type token, `harborcache:harbor:Project`. */
  readonly type: string;
  /** Top-level outputs that are always secret. */
  readonly secretOutputs: readonly string[];
  /** Its part of the provider's schema. */
  readonly schema: ResourceSchema;
  /** Offline. `olds` are the last checked inputs, undefined at create. */
  check(olds: Properties | undefined, news: Properties, urn?: string): CheckResult | Promise<CheckResult>;
  diff(id: string, oldInputs: Properties, oldState: Properties, newInputs: Properties): DiffResult;
  create(ctx: ResourceContext, urn: string, inputs: Properties, preview: boolean): Promise<Created>;
  /**
   * For refresh, and for import, where `oldInputs` and `oldState` are empty and only the id is known.
   * Undefined: the object is gone.
   */
  read(
    ctx: ResourceContext,
    urn: string,
    id: string,
    oldInputs: Properties,
    oldState: Properties,
  ): Promise<ReadResult | undefined>;
  /** Returns the new state. */
  update(
    ctx: ResourceContext,
    urn: string,
    id: string,
    oldInputs: Properties,
    oldState: Properties,
    newInputs: Properties,
    preview: boolean,
  ): Promise<Properties>;
  /** What is gone already is no error. */
  delete(
    ctx: ResourceContext,
    urn: string,
    id: string,
    oldInputs: Properties,
    oldState: Properties,
  ): Promise<void>;
}

/**
 * Thrown by create, update and read when the object exists, but not as wanted. The engine keeps `state` (and `inputs`, where
 * given, instead of those asked for), reports `reasons`, and the next up goes on with an update.
 */
export class PartialFailure extends Error {
  readonly id: string;
  readonly state: Properties;
  readonly reasons: readonly string[];
  readonly inputs: Properties | undefined;

  constructor(id: string, state: Properties, reasons: readonly string[], inputs?: Properties) {
    super(reasons.join("\n"));
    this.name = "PartialFailure";
    this.id = id;
    this.state = state;
    this.reasons = reasons;
    this.inputs = inputs;
  }
}

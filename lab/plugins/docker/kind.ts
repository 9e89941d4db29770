/** What the stand-in knows of one type of resource. */
import type { Properties } from "../../../provider/values.ts";
import type { Engine } from "./engine.ts";

/** What a resource is about to do it with. */
export interface At {
  readonly engine: Engine;
  readonly signal: AbortSignal;
  /** How long an object that is still in use is waited for, milliseconds. */
  readonly inUseMs: number;
}

export interface Found {
  readonly id: string;
  /** Everything that a state holds. */
  readonly state: Properties;
}

export interface Kind {
  /** Set where the program doesn't, as the real plugin does. */
  readonly defaults: Properties;
  /** Inputs that the engine chooses where the program doesn't. */
  readonly computed: readonly string[];
  /** Only the engine says these. */
  readonly outputs: readonly string[];
  /** Inputs that are changed in place; a change of any other replaces. */
  readonly updatable: readonly string[];
  /** Docker takes no second one of the same name, so the old one goes first. */
  readonly uniqueName: boolean;
  readonly create: (at: At, inputs: Properties) => Promise<Found>;
  /** Undefined: it is gone. `state` is empty at an import. */
  readonly read: (at: At, id: string, state: Properties) => Promise<Found | undefined>;
  readonly delete: (at: At, id: string, state: Properties) => Promise<void>;
}

/** What goes wrong with the stand-in, for tests of those who talk to it: the next requests that fit fail as planned. */
import type { App } from "./app.ts";
import type { Registry } from "./store.ts";

export type Fault =
  /** Answered as ever, but later. */
  | { readonly kind: "latency"; readonly ms: number }
  /** Answered so and nothing done; without `body`, an empty one. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection breaks without an answer: `after` what was asked for took effect, or `before`. */
  | { readonly kind: "reset"; readonly effect: "before" | "after" }
  /** Every connection breaks, nothing is done, and new ones are refused for a while. Sessions outlive it. */
  | { readonly kind: "restart"; readonly downMs: number };

export interface PlannedFault {
  /** Default: any. */
  readonly method?: string;
  /** The whole path as it is sent, `/api/v2.0/projects`, without the query. Default: any. */
  readonly path?: string | RegExp;
  /** How many requests it hits, default 1. */
  readonly times?: number;
  readonly fault: Fault;
}

export class Faults {
  readonly #app: App;
  #planned: { readonly plan: PlannedFault; left: number }[] = [];

  constructor(app: App) {
    this.#app = app;
  }

  /** Plans one more; of several that fit a request, the one planned first hits it. */
  next(plan: PlannedFault): void {
    this.#planned.push({ plan, left: plan.times ?? 1 });
  }

  /** How many requests are still to be hit: none once all that was planned has happened. */
  get pending(): number {
    return this.#planned.reduce((total, { left }) => total + left, 0);
  }

  /** Forgets what was planned, and all components run. */
  clear(): void {
    this.#planned = [];
    this.#app.stopped.clear();
  }

  /** The component is down until `clear`: without `jobservice` nothing can be scheduled. */
  stop(component: string): void {
    this.#app.stopped.add(component);
  }

  /** As an administrator who sets it behind the program's back. */
  readOnly(on: boolean): void {
    this.#app.settings.read_only = on;
  }

  /** What Harbor's own check, each five minutes, found of an upstream. */
  endpoint(name: string, status: Registry["status"]): void {
    const registry = this.#app.state.registries.find((one) => one.name === name);
    if (registry === undefined) throw new Error(`no registry endpoint ${name}`);
    registry.status = status;
  }

  /** For the server: the fault that hits this request. */
  take(method: string, path: string): Fault | undefined {
    const hit = this.#planned.find(({ plan }) => fits(plan, method, path));
    if (hit === undefined) return undefined;
    hit.left -= 1;
    this.#planned = this.#planned.filter(({ left }) => left > 0);
    return hit.plan.fault;
  }
}

function fits(plan: PlannedFault, method: string, path: string): boolean {
  if (plan.method !== undefined && plan.method !== method) return false;
  if (plan.path === undefined) return true;
  return typeof plan.path === "string" ? plan.path === path : plan.path.test(path);
}

/** The top-level settings: each with its schema, and what it is where the stack doesn't name it. */
import type * as z from "zod";
import { cacheOptions } from "./schema/cache.ts";
import { edge, gitops } from "./schema/edge.ts";
import { harbor } from "./schema/harbor.ts";
import { optionalLogin } from "./schema/login.ts";
import { machine } from "./schema/machine.ts";
import { maintenance } from "./schema/maintenance.ts";
import { hostname } from "./schema/network.ts";
import { destination, project } from "./schema/project.ts";
import { robot } from "./schema/robot.ts";
import { tls } from "./schema/tls.ts";
import { flag, list } from "./schema/value.ts";

/** Those that one schema reads; `registries` and `nodes` have readers of their own. */
export const topLevel = {
  /** Name that nodes and people reach Harbor by, without scheme and port. */
  hostname: { schema: hostname, absent: undefined },
  tls: { schema: tls, absent: { mode: "self-signed" } },
  machine: { schema: machine, absent: undefined },
  harbor: { schema: harbor, absent: {} },
  edge: { schema: edge, absent: {} },
  gitops: { schema: gitops, absent: {} },
  /** Pulumi refuses to delete what holds data. */
  protect: { schema: flag(), absent: true },
  /** How all caches behave. */
  cache: { schema: cacheOptions, absent: {} },
  /** Projects that aren't caches. */
  projects: { schema: list("[{ name: platform }]", project), absent: [] },
  /** Registries that projects are copied to. */
  destinations: { schema: list("[{ name: dr-site, … }]", destination), absent: [] },
  /** Accounts for machines. */
  robots: { schema: list("[{ name: ci }]", robot), absent: [] },
  /** How people sign in; without it, by users that Harbor keeps itself. */
  login: { schema: optionalLogin, absent: {} },
  maintenance: { schema: maintenance, absent: {} },
} as const;

export type TopLevel = {
  readonly [K in keyof typeof topLevel]: z.output<(typeof topLevel)[K]["schema"]>;
};

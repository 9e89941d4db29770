import type { HarborClient } from "../../../provider/harbor/client.ts";
import type { ResourceContext, ResourceModule } from "../../../provider/resource.ts";
import type { Properties } from "../../../provider/values.ts";

export const URN = "urn:pulumi:test::test::harborcache:test:Test::it";

export interface TestContext extends ResourceContext {
  /** What was shown to people: `warning: …`. */
  readonly shown: string[];
}

/** A context as the server gives it, for calling a resource's module directly. */
export function contextFor(client: HarborClient): TestContext {
  const shown: string[] = [];
  return {
    shown,
    harbor: () => client,
    log(severity, message) {
      shown.push(`${severity}: ${message}`);
      return Promise.resolve();
    },
    signal: new AbortController().signal,
  };
}

/** The inputs after a check that must pass. */
export async function checked(module: ResourceModule, news: Properties): Promise<Properties> {
  const { inputs, failures } = await module.check(undefined, news);
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  return inputs;
}

/** The failures of a check, as `property: reason`. */
export async function failuresOf(module: ResourceModule, news: Properties): Promise<string[]> {
  const { failures } = await module.check(undefined, news);
  return failures.map(({ property, reason }) => `${property}: ${reason}`);
}

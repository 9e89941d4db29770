/** Pulumi's mock engine for components: keeps every resource with exactly what it was registered with. */
import * as pulumi from "@pulumi/pulumi";

export interface Registered {
  readonly type: string;
  readonly name: string;
  /** Secrets are unwrapped here; whether one was secret is asked of the output itself. */
  readonly inputs: Record<string, unknown>;
  readonly provider: string | undefined;
}

/**
 * Starts recording. `outputs` gives what a resource adds to its inputs, by type token.
 * Import components only after this, since Pulumi reads the mocks when a resource is made.
 */
export async function recordResources(
  outputs: (resource: Registered) => Record<string, unknown> = () => ({}),
): Promise<Registered[]> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, provider }) => {
        const resource = { type, name, inputs: inputs as Record<string, unknown>, provider };
        registered.push(resource);
        return { id: `${name}-id`, state: { ...resource.inputs, ...outputs(resource) } };
      },
      call: ({ token }) => {
        throw new Error(`no function is expected here, but ${token} was called`);
      },
    },
    "harbor-cache",
    "test",
  );
  return registered;
}

/** The value of an output and whether it is secret. */
export async function settled<T>(output: pulumi.Output<T>): Promise<{ value: T; secret: boolean }> {
  const value = await new Promise<T>((resolve) => {
    output.apply((known) => {
      resolve(known);
    });
  });
  return { value, secret: await pulumi.isSecret(output) };
}

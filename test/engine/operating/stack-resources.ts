import type { Stack } from "../../../tools/stack.ts";

/** A resource as the state has it; secrets are encrypted objects. */
export interface StackResource {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

export async function resourcesOf(stack: Stack): Promise<readonly StackResource[]> {
  const state = JSON.parse(await stack.state()) as { deployment: { resources?: StackResource[] } };
  return state.deployment.resources ?? [];
}

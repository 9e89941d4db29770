/** Which parts of Harbor are down. */
import { z } from "zod";
import type { HarborClient } from "./client.ts";
import { isStatus } from "./harbor-error.ts";

const health = z.object({
  components: z.array(z.object({ name: z.string(), status: z.string() })).default([]),
});

/** Components of Harbor that are down. Its answer is 200 all the same (quirk 17). */
async function unhealthyComponents(harbor: HarborClient): Promise<string[]> {
  const { components } = await harbor.get("/health", health);
  return components.filter(({ status }) => status !== "healthy").map(({ name }) => name);
}

/** Harbor answers a bare 500 where its jobservice is down (quirks 29 and 49): says what is. Other errors pass. */
export async function explainInternalError(
  harbor: HarborClient,
  what: string,
  error: unknown,
): Promise<never> {
  if (!isStatus(error, 500)) throw error;
  const down = await unhealthyComponents(harbor).catch(() => []);
  const which =
    down.length > 0
      ? `these parts of Harbor are down: ${down.join(", ")}`
      : "see core.log on the Harbor machine";
  throw new Error(`${what}: ${which}. ${error.message}`, { cause: error });
}

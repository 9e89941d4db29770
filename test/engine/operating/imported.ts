/** The objects of one stack, imported into another by nothing but type and id. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Stack } from "../../../tools/stack.ts";
import type { Operating } from "./environment.ts";
import { ADMIN_PASSWORD } from "./environment.ts";
import { resourcesOf } from "./stack-resources.ts";
import type { StackResource } from "./stack-resources.ts";

/** What Harbor doesn't show, or what only concerns this provider. */
const HIDDEN = [
  "accessSecret",
  "adopt",
  "checkIssuer",
  "forceDestroy",
  "projectIds",
  "proxyCache",
  "rotateAfterDays",
  "rotation",
];

/** Of everything in Harbor, by type and id: what the program gave, and what the import found of it. */
export async function importAll({ stack, harbor }: Operating, folder: string) {
  const inHarbor = (await resourcesOf(stack)).filter(
    ({ type }) => type.startsWith("harborcache:harbor:") && !type.endsWith(":Password"),
  );
  const other = new Stack({
    ...stack.options,
    name: "other",
    configFile: join(folder, "Pulumi.other.yaml"),
  });
  await other.init();
  await other.setConfig("harborcache:url", harbor.url);
  await other.setConfig("harborcache:username", "admin");
  await other.setConfig("harborcache:password", ADMIN_PASSWORD, { secret: true });
  const file = join(folder, "import.json");
  const named = inHarbor.map(({ type, id }, index) => ({ type, id, name: `imported-${index}` }));
  await writeFile(file, JSON.stringify({ resources: named }));
  await other.must([
    ...["import", "--file", file, "--yes", "--generate-code=false", "--protect=false"],
    ...["--stack", "other", "--config-file", other.options.configFile],
  ]);
  const found = await resourcesOf(other);
  return inHarbor.map((one, index) => {
    const imported = found.find(({ urn }) => urn.endsWith(`::imported-${index}`));
    return { type: one.type, given: shown(one), imported: imported && shown(imported), asImported: imported };
  });
}

/** Inputs, less what is secret: each stack encrypts by a key of its own. */
function shown({ inputs = {} }: StackResource): object {
  return Object.fromEntries(
    Object.entries(inputs).filter(
      ([name, value]) => !HIDDEN.includes(name) && !name.startsWith("__") && !isSecret(value),
    ),
  );
}

/** The mark of an encrypted value in a state. */
export function isSecret(value: unknown): boolean {
  return typeof value === "object" && value !== null && "4dabf18193072939515e22adb298388d" in value;
}

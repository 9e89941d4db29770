/**
 * `harborcache:harbor:SystemSettings`: settings of Harbor as a whole. Its id is `system`. It owns what it names: the rest stays
 * as it is, and a name that is taken out again goes back to Harbor's default.
 */
import { z } from "zod";
import type { CheckFailure } from "../resource.ts";
import { toJson } from "../to-json.ts";
import type { Properties, Value } from "../values.ts";
import { getConfigurations, putConfigurations, readOnlyProblem, type Setting } from "./configurations-api.ts";
import { harborSetting } from "./harbor-setting.ts";
import { projectShape } from "./project-inputs.ts";
import { withoutUndefined } from "./without-undefined.ts";

/** Harbor's upper limit of its numbers. */
const MOST = 9_999_999_999;
const count = (unit: string) =>
  z.int().min(1, `must be at least 1 ${unit}`).max(MOST, `must be at most ${MOST}`);
const date = z
  .string()
  .refine((text) => dayOf(text) !== undefined, "must be a day as MM/DD/YYYY, such as 12/31/2026");

const banner = z
  .strictObject({
    message: z.string().min(1, "must not be empty"),
    type: z.enum(["success", "info", "warning", "danger"]).default("warning"),
    closable: z.boolean().default(false),
    fromDate: date.exactOptional(),
    toDate: date.exactOptional(),
  })
  .refine(
    ({ fromDate, toDate }) => (dayOf(fromDate ?? "") ?? 0) <= (dayOf(toDate ?? "") ?? Infinity),
    "must not end before it begins",
  );

const shape = {
  readOnly: z.boolean().optional(),
  sessionTimeout: count("minute").optional(),
  tokenExpiration: count("minute").optional(),
  projectCreationRestriction: z.enum(["everyone", "adminonly"]).optional(),
  robotTokenDuration: count("day").optional(),
  robotNamePrefix: z.string().regex(/^\S+$/, "must not be empty or have blanks").optional(),
  storagePerProject: projectShape.storageQuota.unwrap().optional(),
  scannerSkipUpdatePulltime: z.boolean().optional(),
  bannerMessage: banner.optional(),
};

/** Harbor's key of each, and its value in a new Harbor. */
const KEYS: Readonly<Record<keyof typeof shape, readonly [key: string, initial: Setting]>> = {
  readOnly: ["read_only", false],
  sessionTimeout: ["session_timeout", 60],
  tokenExpiration: ["token_expiration", 30],
  projectCreationRestriction: ["project_creation_restriction", "everyone"],
  robotTokenDuration: ["robot_token_duration", 30],
  robotNamePrefix: ["robot_name_prefix", "robot$"],
  storagePerProject: ["storage_per_project", -1],
  scannerSkipUpdatePulltime: ["scanner_skip_update_pulltime", false],
  bannerMessage: ["banner_message", ""],
};

export const systemSettings = harborSetting({
  type: "harborcache:harbor:SystemSettings",
  what: "system settings",
  shape,
  outputs: [],
  rules: nothingNamed,

  id: () => "system",

  async get(harbor, _id, wanted) {
    const { values } = await getConfigurations(harbor);
    const named = Object.entries(KEYS).filter(([name]) => isEmpty(wanted) || name in wanted);
    return withoutUndefined(
      Object.fromEntries(named.map(([name, [key]]) => [name, fromSetting(name, values[key])])),
    );
  },

  async apply(harbor, _id, wanted, old) {
    const settings = { ...initial(old), ...toSettings(wanted) };
    await putConfigurations(harbor, await getConfigurations(harbor), settings);
  },

  async reset(harbor, _id, inputs) {
    const before = await getConfigurations(harbor);
    const problem = readOnlyProblem(before, initial(inputs));
    if (problem === undefined) await putConfigurations(harbor, before, initial(inputs));
    return problem;
  },
});

/** An empty one would be an import, which takes over every setting. */
function nothingNamed(inputs: Properties): CheckFailure[] {
  if (!isEmpty(inputs)) return [];
  return [{ property: "", reason: `Name at least one setting: ${Object.keys(KEYS).join(", ")}.` }];
}

const isEmpty = (properties: Properties): boolean => Object.keys(properties).length === 0;

function initial(named: Properties): Record<string, Setting> {
  return Object.fromEntries(
    Object.entries(KEYS)
      .filter(([name]) => name in named)
      .map(([, setting]) => setting),
  );
}

function toSettings(wanted: z.infer<z.ZodObject<typeof shape>>): Record<string, Setting> {
  return Object.fromEntries(
    Object.entries(KEYS).flatMap(([name, [key]]) => {
      const value = wanted[name as keyof typeof shape];
      if (value === undefined) return [];
      return [[key, typeof value === "object" ? JSON.stringify(value) : value] as const];
    }),
  );
}

/** Absent where there is none: only a banner can be. */
function fromSetting(name: string, value: Setting | undefined): Value | undefined {
  return name === "bannerMessage" ? fromBanner(String(value ?? "")) : value;
}

const stored = z.object({
  message: z.string(),
  type: z.string().default("warning"),
  closable: z.boolean().default(false),
  fromDate: z.string().nullish(),
  toDate: z.string().nullish(),
});

/** JSON in a string (quirk 38), or whatever somebody put there. */
function fromBanner(text: string): Value | undefined {
  if (text === "") return undefined;
  const found = stored.catch({ message: text, type: "warning", closable: false }).parse(toJson(text));
  const { fromDate, toDate, ...rest } = found;
  return withoutUndefined({ ...rest, fromDate: fromDate ?? undefined, toDate: toDate ?? undefined });
}

/** Milliseconds of a day `MM/DD/YYYY`, undefined where there is no such day. */
function dayOf(text: string): number | undefined {
  const [, month, day, year] = /^(\d\d)\/(\d\d)\/(\d{4})$/.exec(text) ?? [];
  const iso = `${year ?? ""}-${month ?? ""}-${day ?? ""}`;
  const found = new Date(`${iso}T00:00:00Z`);
  return !Number.isNaN(found.getTime()) && found.toISOString().startsWith(iso) ? found.getTime() : undefined;
}

/** `harborcache:harbor:GarbageCollection`: when Harbor frees the space of deleted artifacts. Its id is `gc`. */
import { z } from "zod";
import { cron } from "./cron.ts";
import { harborSetting } from "./harbor-setting.ts";
import { getJobSchedule, removeJobSchedule, setJobSchedule } from "./job-schedule.ts";

const PATH = "/system/gc/schedule";

const parameters = z.object({
  delete_untagged: z.boolean().default(false),
  // 0 where none was given, which the job takes for one.
  workers: z
    .int()
    .default(1)
    .transform((workers) => Math.max(workers, 1)),
});

export const garbageCollection = harborSetting({
  type: "harborcache:harbor:GarbageCollection",
  what: "garbage collection",
  shape: {
    schedule: cron,
    deleteUntagged: z.boolean().default(false),
    workers: z.int().min(1, "must be 1 to 10").max(10, "must be 1 to 10").default(1),
  },
  outputs: [],
  id: () => "gc",
  async get(harbor) {
    const found = await getJobSchedule(harbor, PATH);
    if (found === undefined) return undefined;
    const { delete_untagged: deleteUntagged, workers } = parameters.parse(found.parameters);
    return { schedule: found.cron, deleteUntagged, workers };
  },
  async apply(harbor, _id, { schedule, deleteUntagged, workers }) {
    await setJobSchedule(harbor, PATH, schedule, {
      delete_untagged: deleteUntagged,
      workers,
      dry_run: false,
    });
  },
  async reset(harbor) {
    await removeJobSchedule(harbor, PATH);
    return undefined;
  },
});

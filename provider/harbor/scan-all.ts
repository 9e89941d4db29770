/** `harborcache:harbor:ScanAll`: when Harbor scans all it holds for vulnerabilities. Its id is `scan-all`. */
import type { HarborClient } from "./client.ts";
import { cron } from "./cron.ts";
import { isStatus } from "./harbor-error.ts";
import { harborSetting } from "./harbor-setting.ts";
import { getJobSchedule, removeJobSchedule, setJobSchedule } from "./job-schedule.ts";

const PATH = "/system/scanAll/schedule";
const NO_SCANNER = "Harbor has no scanner: it was installed without Trivy (prepare --with-trivy)";

export const scanAll = harborSetting({
  type: "harborcache:harbor:ScanAll",
  what: "scan of everything",
  shape: { schedule: cron },
  outputs: [],
  id: () => "scan-all",
  // Without a scanner Harbor shows no schedule, and runs none.
  get: (harbor) => find(harbor).catch(withoutScanner),
  async apply(harbor, _id, { schedule }) {
    await setJobSchedule(harbor, PATH, schedule).catch((error: unknown) => {
      if (!isStatus(error, 412)) throw error;
      throw new Error(`${NO_SCANNER}. ${error.message}`, { cause: error });
    });
  },
  async reset(harbor) {
    const removed = await removeJobSchedule(harbor, PATH)
      .then(() => true)
      .catch(withoutScanner);
    return removed === undefined
      ? `The schedule of scans stays in Harbor, without effect. ${NO_SCANNER}.`
      : undefined;
  },
});

async function find(harbor: HarborClient) {
  const found = await getJobSchedule(harbor, PATH);
  return found && { schedule: found.cron };
}

function withoutScanner(error: unknown): undefined {
  if (!isStatus(error, 412)) throw error;
}

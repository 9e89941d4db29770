/** Robot accounts on a Harbor stand-in, for the time of one test file. */
import { robotAccount } from "../../../provider/harbor/robot-account.ts";
import type { Properties } from "../../../provider/values.ts";
import { checked, contextFor, URN } from "./context.ts";
import { startLabHarbor } from "./lab-harbor.ts";

export const PULL = [{ resource: "repository", action: "pull" }];
export const EVERYWHERE = [{ kind: "project", namespace: "*", access: PULL }];
export const IN_CACHE = [{ kind: "project", namespace: "cache", access: PULL }];

/** With the projects `cache` and `other`. */
export async function startRobotLab() {
  const lab = await startLabHarbor();
  for (const project_name of ["cache", "other"]) {
    await lab.client.create("/projects", { project_name }, () => Promise.resolve(undefined));
  }
  return {
    ...lab,

    /** One that may pull everywhere, where `news` says nothing else. */
    async make(news: Properties) {
      const inputs = await checked(robotAccount, { permissions: EVERYWHERE, ...news });
      const context = contextFor(lab.client);
      return { inputs, context, ...(await robotAccount.create(context, URN, inputs, false)) };
    },

    read: (id: string, inputs: Properties = {}, state: Properties = inputs) =>
      robotAccount.read(contextFor(lab.client), URN, id, inputs, state),

    /** Whether Harbor lets the robot in: 200 or 401. */
    async login(state: Properties): Promise<number> {
      const basic = Buffer.from(`${text(state["fullName"])}:${text(state["secret"])}`).toString("base64");
      const { status } = await fetch(`${lab.harbor.url}/v2/`, {
        headers: { authorization: `Basic ${basic}` },
      });
      return status;
    },
  };
}

export type RobotLab = Awaited<ReturnType<typeof startRobotLab>>;

export function text(value: unknown): string {
  if (typeof value !== "string") throw new Error("a text was expected");
  return value;
}

/** Resources that the program of this test makes besides its components' own. */
import type * as sdk from "../../../../provider/sdk.ts";

export interface Extra {
  readonly type: keyof Pick<
    typeof sdk,
    | "ImmutableTagRule"
    | "Label"
    | "Project"
    | "ProjectMemberGroup"
    | "Registry"
    | "ReplicationPolicy"
    | "RetentionPolicy"
    | "RobotAccount"
    | "WebhookPolicy"
  >;
  readonly name: string;
  /** As the class takes them. */
  readonly args: object;
  /** Whom it is made by, default the program's robot; `puller` may do nothing but pull. */
  readonly by?: "admin" | "robot" | "puller";
  /** Name of another one, before it, whose number is its `registryId`. */
  readonly endpoint?: string;
}

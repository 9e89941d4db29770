/** Roles, their policies, and the profiles that give them to instances. */
import { z } from "zod";

import { isUnknown } from "../../../../provider/values.ts";
import type { Properties, Value } from "../../../../provider/values.ts";
import { AwsError, findMade, ofType } from "../cloud.ts";
import type { CloudContents } from "../cloud.ts";
import { when } from "../kind.ts";
import type { Kind } from "../kind.ts";
import { INSTANCE_PROFILE, ROLE } from "../tokens.ts";

const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";

const words = z.union([z.string().transform((word) => [word]), z.array(z.string())]);

/** The grammar of IAM, as far as a typing error goes: other keys are refused. */
const statement = z
  .strictObject({
    Sid: z
      .string()
      .regex(/^[0-9A-Za-z]*$/)
      .optional(),
    Effect: z.enum(["Allow", "Deny"]),
    Principal: z.unknown().optional(),
    Action: words.optional(),
    NotAction: words.optional(),
    Resource: words.optional(),
    NotResource: words.optional(),
    Condition: z.record(z.string(), z.record(z.string(), words)).optional(),
  })
  .refine(({ Action, NotAction }) => (Action === undefined) !== (NotAction === undefined));

const document = z.strictObject({
  Version: z.enum(["2012-10-17", "2008-10-17"]),
  Id: z.string().optional(),
  Statement: z.union([z.array(statement).min(1), statement.transform((one) => [one])]),
});

type Document = z.output<typeof document>;

const name = z.looseObject({ name: z.string() });
const nameProblems = (given: Properties, longest: number) =>
  when(
    typeof given["name"] === "string" && !new RegExp(`^[\\w+=,.@-]{1,${longest}}$`).test(given["name"]),
    "name",
    `must match [\\w+=,.@-] and have at most ${longest} characters`,
  );

export const role: Kind = {
  type: ROLE,
  actions: { create: "iam:CreateRole", update: "iam:UpdateAssumeRolePolicy", delete: "iam:DeleteRole" },
  autonamed: "name",
  replacedBy: ["name", "namePrefix", "path"],
  check: (inputs) => [
    ...nameProblems(inputs, 64),
    ...documentProblems(inputs["assumeRolePolicy"], "assumeRolePolicy", "trust"),
    ...when(
      typeof inputs["description"] === "string" && /[^\t\n\r -~\u00a1-\u00ff]/.test(inputs["description"]),
      "description",
      "must be of characters of Latin 1",
    ),
  ],
  create: (inputs, { cloud, arn }) => {
    const id = name.parse(inputs).name;
    refuseSecond(cloud, ROLE, id, "iam:CreateRole", `Role with name ${id} already exists.`);
    return {
      id,
      outputs: {
        arn: arn("iam", `role/${id}`, { global: true }),
        createDate: now(),
        uniqueId: uniqueId("AROA", id),
      },
    };
  },
  remove: ({ id }, { cloud }) => {
    const users = [ROLE_POLICY, ATTACHMENT, INSTANCE_PROFILE].flatMap((type) =>
      ofType(cloud, type).filter(({ inputs }) => inputs["role"] === id),
    );
    if (users.length > 0)
      throw new AwsError(
        "iam:DeleteRole",
        "DeleteConflict",
        `Cannot delete entity, must detach or delete first: ${users.map((user) => user.id).join(", ")}`,
      );
  },
};

export const rolePolicy: Kind = {
  type: ROLE_POLICY,
  actions: { create: "iam:PutRolePolicy", update: "iam:PutRolePolicy", delete: "iam:DeleteRolePolicy" },
  autonamed: "name",
  replacedBy: ["name", "namePrefix", "role"],
  check: (inputs) => [
    ...nameProblems(inputs, 128),
    ...documentProblems(inputs["policy"], "policy", "identity"),
  ],
  create: (inputs, { cloud }) => {
    const given = z.looseObject({ name: z.string(), role: z.string() }).parse(inputs);
    refuseMissingRole(cloud, given.role, "iam:PutRolePolicy");
    return { id: `${given.role}:${given.name}`, outputs: {} };
  },
};

export const rolePolicyAttachment: Kind = {
  type: ATTACHMENT,
  actions: { create: "iam:AttachRolePolicy", update: "none", delete: "iam:DetachRolePolicy" },
  replacedBy: ["policyArn", "role"],
  create: (inputs, { cloud }) => {
    const given = z.looseObject({ policyArn: z.string(), role: z.string() }).parse(inputs);
    refuseMissingRole(cloud, given.role, "iam:AttachRolePolicy");
    if (!/^arn:aws[a-z-]*:iam::(aws|\d{12}):policy\/[\w+=,.@/-]+$/.test(given.policyArn))
      throw new AwsError("iam:AttachRolePolicy", "InvalidInput", `ARN ${given.policyArn} is not valid.`);
    return { id: `${given.role}/${given.policyArn}`, outputs: {} };
  },
};

export const instanceProfile: Kind = {
  type: INSTANCE_PROFILE,
  actions: {
    create: "iam:CreateInstanceProfile",
    update: "iam:AddRoleToInstanceProfile",
    delete: "iam:DeleteInstanceProfile",
  },
  autonamed: "name",
  replacedBy: ["name", "namePrefix", "path"],
  check: (inputs) => nameProblems(inputs, 128),
  create: (inputs, { cloud, arn }) => {
    const given = z.looseObject({ name: z.string(), role: z.string().optional() }).parse(inputs);
    const action = "iam:CreateInstanceProfile";
    refuseSecond(
      cloud,
      INSTANCE_PROFILE,
      given.name,
      action,
      `Instance Profile ${given.name} already exists.`,
    );
    if (given.role !== undefined) refuseMissingRole(cloud, given.role, "iam:AddRoleToInstanceProfile");
    const outputs = {
      arn: arn("iam", `instance-profile/${given.name}`, { global: true }),
      createDate: now(),
      uniqueId: uniqueId("AIPA", given.name),
    };
    return { id: given.name, outputs };
  },
};

/** May this role do this to that? Only as far as an `Allow` without a condition goes. */
export function maySay(cloud: CloudContents, roleName: string, action: string, resource: string): boolean {
  return ofType(cloud, ROLE_POLICY)
    .filter(({ inputs }) => inputs["role"] === roleName)
    .flatMap(({ inputs }) => parse(inputs["policy"])?.Statement ?? [])
    .some(
      ({ Effect, Action, Resource }) =>
        Effect === "Allow" && covers(Action, action) && covers(Resource, resource),
    );
}

function covers(patterns: readonly string[] | undefined, word: string): boolean {
  return (patterns ?? []).some((pattern) =>
    new RegExp(
      `^${pattern
        .split("*")
        .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"))
        .join(".*")}$`,
    ).test(word),
  );
}

function documentProblems(given: Value | undefined, property: string, kind: "trust" | "identity") {
  if (given === undefined || hasPartsUnknown(given)) return [];
  const parsed = parse(given);
  if (parsed === undefined) return when(true, property, "MalformedPolicyDocument: not a policy of IAM's");
  return parsed.Statement.flatMap(({ Principal, Resource, NotResource }) => [
    ...when(
      (Principal !== undefined) !== (kind === "trust"),
      property,
      `MalformedPolicyDocument: a ${kind} policy ${kind === "trust" ? "must" : "can't"} have a Principal`,
    ),
    ...when(
      (Resource === undefined && NotResource === undefined) === (kind === "identity"),
      property,
      `MalformedPolicyDocument: a ${kind} policy ${kind === "trust" ? "can't" : "must"} have a Resource`,
    ),
  ]);
}

const hasPartsUnknown = (value: Value): boolean =>
  isUnknown(value) ||
  (typeof value === "object" && value !== null && Object.values(value).some(hasPartsUnknown));

/** A text of JSON or the object itself. */
function parse(policy: unknown): Document | undefined {
  try {
    return document.safeParse(typeof policy === "string" ? JSON.parse(policy) : policy).data;
  } catch {
    return undefined;
  }
}

function refuseMissingRole(cloud: CloudContents, id: string, action: string): void {
  if (findMade(cloud, ROLE, id) === undefined)
    throw new AwsError(action, "NoSuchEntity", `The role with name ${id} cannot be found.`);
}

function refuseSecond(cloud: CloudContents, type: string, id: string, action: string, message: string): void {
  if (findMade(cloud, type, id) !== undefined) throw new AwsError(action, "EntityAlreadyExists", message);
}

const now = (): string => new Date().toISOString();

const uniqueId = (prefix: string, of: string): string =>
  prefix + Buffer.from(of).toString("hex").toUpperCase().padEnd(17, "0").slice(0, 17);

import * as z from "zod";

import { read, type Resource, type Rule } from "./rule.ts";

/** AWS offers it for no narrower resource than all. */
const FOR_ALL_RESOURCES = "ecr:getauthorizationtoken";
const MANAGED_POLICIES =
  /^arn:aws[a-z-]*:iam::aws:policy\/(AmazonSSMManagedInstanceCore|service-role\/AWSDataLifecycleManagerServiceRole)$/;
const CHANGE_RECORDS = "route53:changeresourcerecordsets";

const list = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const statement = z.object({
  Effect: z.string(),
  Action: list.optional(),
  Resource: list.optional(),
  Condition: z.record(z.string(), z.record(z.string(), list)).default({}),
});
type Statement = z.output<typeof statement>;
const statements = z.object({
  Statement: z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]),
});
const trust = z.object({ Effect: z.string(), Principal: z.unknown().optional() });
const services = z.strictObject({ Service: list });

const role = z.object({
  assumeRolePolicy: z.unknown().optional(),
  inlinePolicies: z.array(z.unknown()).nullish(),
  managedPolicyArns: z.array(z.unknown()).nullish(),
});
const inline = z.object({ policy: z.unknown().optional() });
const attached = z.object({ policyArn: z.string() });

/** A document as text or as an object: AWS takes both. */
function statementsOf(document: unknown): unknown[] {
  if (document === undefined || document === "") return [];
  const { Statement } = read(statements, typeof document === "string" ? parsed(document) : document);
  return Array.isArray(Statement) ? Statement : [Statement];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function* checkStatement({ Effect, Action, Resource, Condition }: Statement): Generator<string> {
  if (Effect !== "Allow") return;
  if (Action === undefined || Resource === undefined) {
    yield "a statement without Action and Resource allows all but what it names: name what is allowed";
    return;
  }
  const actions = Action.map((action) => action.toLowerCase());
  for (const action of Action.filter((action) => /[*?]/.test(action)))
    yield `the action ${action} is a pattern: name each action`;
  const everywhere = Resource.find((resource) => /^(arn:[^:]*:[^:]*:[^:]*:[^:]*:)?\*+$/.test(resource));
  if (everywhere !== undefined && actions.some((action) => action !== FOR_ALL_RESOURCES))
    yield `${Action.join(", ")} is allowed on ${everywhere}: name the resources`;
  if (actions.includes(CHANGE_RECORDS) && !(onOneZone(Resource) && onlyChallenges(Condition)))
    yield "route53:ChangeResourceRecordSets reaches more than the challenge: name the zone, and allow only TXT records called _acme-challenge.…, by ForAllValues:StringEquals";
}

const onOneZone = (resources: readonly string[]) =>
  resources.every((resource) => /^arn:aws[a-z-]*:route53:::hostedzone\/[A-Z0-9]+$/.test(resource));

function onlyChallenges(condition: Statement["Condition"]): boolean {
  const equals = condition["ForAllValues:StringEquals"] ?? {};
  const names = equals["route53:ChangeResourceRecordSetsNormalizedRecordNames"] ?? [];
  const types = equals["route53:ChangeResourceRecordSetsRecordTypes"] ?? [];
  return names.length > 0 && names.every(isChallenge) && types.join() === "TXT";
}

const isChallenge = (name: string) => /^_acme-challenge\.[a-z0-9.-]+$/.test(name);

function* checkTrust(document: unknown): Generator<string> {
  for (const part of statementsOf(document)) {
    const { Effect, Principal } = read(trust, part);
    if (Effect === "Allow" && !services.safeParse(Principal).success)
      yield "the role can be taken by others than a service of AWS's: give it Principal.Service only";
  }
}

function* checkDocument(document: unknown): Generator<string> {
  for (const part of statementsOf(document)) yield* checkStatement(read(statement, part));
}

function* checkManaged(arn: string): Generator<string> {
  if (!MANAGED_POLICIES.test(arn)) yield `the managed policy ${arn} is not one that harbor-cache needs`;
}

function* checkRole({ props }: Resource): Generator<string> {
  yield* checkTrust(read(role.pick({ assumeRolePolicy: true }), props).assumeRolePolicy);
  for (const policy of read(role.pick({ inlinePolicies: true }), props).inlinePolicies ?? [])
    yield* checkDocument(read(inline, policy).policy);
  for (const arn of read(role.pick({ managedPolicyArns: true }), props).managedPolicyArns ?? [])
    yield* checkManaged(read(z.string(), arn));
}

export const leastPrivilege: Rule = {
  name: "least-privilege",
  description: "Roles may do what harbor-cache needs, on what it needs, and nothing else.",
  *check(resource) {
    if (resource.type === "aws:iam/role:Role") yield* checkRole(resource);
    if (/^aws:iam\/(role|user|group)?policy:/i.test(resource.type))
      yield* checkDocument(read(inline, resource.props).policy);
    if (/^aws:iam\/(role|user|group)?policyAttachment:/i.test(resource.type))
      yield* checkManaged(read(attached, resource.props).policyArn);
  },
};

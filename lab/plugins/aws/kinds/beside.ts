/** What stands beside the machine: its key pair, parameter, DNS record and alarm. */
import { createHash } from "node:crypto";

import { z } from "zod";

import { AwsError, findMade, newId, ofType } from "../cloud.ts";
import { when } from "../kind.ts";
import type { Kind } from "../kind.ts";
import { KEY_PAIR, PARAMETER } from "../tokens.ts";

const RECORD = "aws:route53/record:Record";
const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";

export const keyPair: Kind = {
  type: KEY_PAIR,
  actions: { create: "ec2:ImportKeyPair", update: "ec2:CreateTags", delete: "ec2:DeleteKeyPair" },
  autonamed: "keyName",
  replacedBy: ["keyName", "keyNamePrefix", "publicKey", "region"],
  create: (inputs, { cloud, arn }) => {
    const given = z.looseObject({ keyName: z.string(), publicKey: z.string() }).parse(inputs);
    const wrong = (code: string, message: string) => new AwsError("ec2:ImportKeyPair", code, message);
    const [, type, blob = ""] =
      /^(ssh-ed25519|ssh-rsa) ([A-Za-z0-9+/]+=*)(?: .*)?\n?$/.exec(given.publicKey) ?? [];
    if (type === undefined) throw wrong("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
    if (cloud.keyPairs.includes(given.keyName) || findMade(cloud, KEY_PAIR, given.keyName) !== undefined)
      throw wrong("InvalidKeyPair.Duplicate", `The keypair already exists: ${given.keyName}`);
    const outputs = {
      arn: arn("ec2", `key-pair/${given.keyName}`),
      fingerprint: createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64"),
      keyPairId: newId("key"),
      keyType: type === "ssh-rsa" ? "rsa" : "ed25519",
      keyNamePrefix: "",
    };
    return { id: given.keyName, outputs };
  },
};

const parameterInputs = z.looseObject({
  name: z.string(),
  type: z.string(),
  value: z.string().optional(),
  insecureValue: z.string().optional(),
});

export const parameter: Kind = {
  type: PARAMETER,
  actions: { create: "ssm:PutParameter", update: "ssm:PutParameter", delete: "ssm:DeleteParameter" },
  autonamed: "name",
  replacedBy: ["name", "region"],
  alsoReplacedBy: (olds, news) => ([olds["type"], news["type"]].includes("SecureString") ? ["type"] : []),
  check: ({ name, type, value, insecureValue, tier }) => [
    ...when(
      typeof type === "string" && !["String", "StringList", "SecureString"].includes(type),
      "type",
      "expected type to be one of [String StringList SecureString]",
    ),
    ...when(
      value === undefined && insecureValue === undefined,
      "value",
      "one of `insecure_value,value,value_wo` must be specified",
    ),
    ...when(value === "", "value", "ValidationException: must have length greater than or equal to 1"),
    ...when(
      typeof value === "string" && Buffer.byteLength(value) > 4096 && tier !== "Advanced",
      "value",
      "ValidationException: more than 4096 characters need the advanced tier",
    ),
    ...when(
      typeof name === "string" && (!/^[\w./-]{1,1011}$/.test(name) || /^\/?(aws|ssm)/i.test(name)),
      "name",
      "ValidationException: letters, numbers and .-_/ only, and not with the prefix aws or ssm",
    ),
    ...when(
      typeof name === "string" && name.includes("/") && !name.startsWith("/"),
      "name",
      "ValidationException: a parameter name must be fully qualified, /a/b/c",
    ),
  ],
  create: (inputs, { cloud, arn }) => {
    const given = parameterInputs.parse(inputs);
    if (given.name in cloud.parameters || findMade(cloud, PARAMETER, given.name) !== undefined)
      throw new AwsError(
        "ssm:PutParameter",
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
      );
    const outputs = {
      arn: arn("ssm", `parameter${given.name.startsWith("/") ? "" : "/"}${given.name}`),
      dataType: "text",
      tier: "Standard",
      value: given.value ?? given.insecureValue ?? "",
      version: 1,
      keyId: given.type === "SecureString" ? "alias/aws/ssm" : "",
      hasValueWo: false,
    };
    return { id: given.name, outputs };
  },
  update: ({ state }, news) => ({
    value: parameterInputs.parse(news).value ?? parameterInputs.parse(news).insecureValue ?? "",
    version: Number(state["version"] ?? 1) + 1,
  }),
};

const recordInputs = z.looseObject({
  zoneId: z.string(),
  name: z.string(),
  type: z.string(),
  records: z.array(z.string()).default([]),
});

/** `type` and `setIdentifier` change in place: the provider sends a delete and a create in one batch. */
export const record: Kind = {
  type: RECORD,
  actions: {
    create: "route53:ChangeResourceRecordSets",
    update: "route53:ChangeResourceRecordSets",
    delete: "route53:ChangeResourceRecordSets",
  },
  replacedBy: ["name", "zoneId"],
  check: ({ aliases, records, ttl }) => [
    ...when(
      (records === undefined) === (aliases === undefined),
      "records",
      "one of `alias,records` must be specified",
    ),
    ...when(records !== undefined && ttl === undefined, "ttl", "all of `records,ttl` must be specified"),
  ],
  create: (inputs, { cloud }) => {
    const { zoneId, name, type, records } = recordInputs.parse(inputs);
    const wrong = (code: string, message: string) =>
      new AwsError("route53:ChangeResourceRecordSets", code, message);
    const zone = cloud.zones.find(({ id }) => id === zoneId);
    if (zone === undefined) throw wrong("NoSuchHostedZone", `No hosted zone found with ID: ${zoneId}`);
    if (name !== zone.name && !name.endsWith(`.${zone.name}`))
      throw wrong(
        "InvalidChangeBatch",
        `[RRSet with DNS name ${name}. is not permitted in zone ${zone.name}.]`,
      );
    for (const address of type === "A" ? records : [])
      if (!/^\d+\.\d+\.\d+\.\d+$/.test(address))
        throw wrong(
          "InvalidChangeBatch",
          `[Invalid Resource Record: '${address}' is not a valid IPv4 address]`,
        );
    const same = ofType(cloud, RECORD).some(
      ({ inputs: other }) => other["zoneId"] === zoneId && other["name"] === name && other["type"] === type,
    );
    if (same && inputs["allowOverwrite"] !== true)
      throw wrong(
        "InvalidChangeBatch",
        `[Tried to create resource record set [name='${name}.', type='${type}'] but it already exists]`,
      );
    return { id: `${zoneId}_${name}_${type}`, outputs: { fqdn: name, allowOverwrite: false } };
  },
};

const alarmInputs = z.looseObject({
  name: z.string(),
  metricName: z.string().optional(),
  namespace: z.string().optional(),
  alarmActions: z.array(z.string()).default([]),
  dimensions: z.record(z.string(), z.string()).default({}),
});

const COMPARISONS = [
  "GreaterThanOrEqualToThreshold",
  "GreaterThanThreshold",
  "LessThanThreshold",
  "LessThanOrEqualToThreshold",
  "LessThanLowerOrGreaterThanUpperThreshold",
  "LessThanLowerThreshold",
  "GreaterThanUpperThreshold",
];

export const metricAlarm: Kind = {
  type: ALARM,
  actions: {
    create: "cloudwatch:PutMetricAlarm",
    update: "cloudwatch:PutMetricAlarm",
    delete: "cloudwatch:DeleteAlarms",
  },
  autonamed: "name",
  replacedBy: ["name", "region"],
  check: ({ comparisonOperator, statistic, extendedStatistic, period, metricName }) => [
    ...when(
      typeof comparisonOperator === "string" && !COMPARISONS.includes(comparisonOperator),
      "comparisonOperator",
      `expected comparison_operator to be one of [${COMPARISONS.join(" ")}]`,
    ),
    ...when(
      metricName !== undefined && (statistic === undefined) === (extendedStatistic === undefined),
      "statistic",
      "One of `statistic` or `extended_statistic` must be set for a cloudwatch metric alarm",
    ),
    ...when(
      typeof period === "number" && ![10, 20, 30].includes(period) && period % 60 !== 0,
      "period",
      "must be 10, 20, 30 or divisible by 60",
    ),
  ],
  create: (inputs, { cloud, arn }) => {
    const given = alarmInputs.parse(inputs);
    refuseWrongActions(given);
    if (findMade(cloud, ALARM, given.name) !== undefined)
      throw new AwsError("cloudwatch:PutMetricAlarm", "ValidationError", `${given.name} exists already`);
    return { id: given.name, outputs: { arn: arn("cloudwatch", `alarm:${given.name}`) } };
  },
  update: (_made, news) => {
    refuseWrongActions(alarmInputs.parse(news));
    return {};
  },
};

/** EC2 recovers a machine on its system check only, and only the one that the alarm is about. */
function refuseWrongActions({
  alarmActions,
  metricName,
  namespace,
  dimensions,
}: z.output<typeof alarmInputs>): void {
  const recovers = alarmActions.some((action) => action.endsWith(":ec2:recover"));
  const right =
    metricName === "StatusCheckFailed_System" && namespace === "AWS/EC2" && "InstanceId" in dimensions;
  if (recovers && !right)
    throw new AwsError(
      "cloudwatch:PutMetricAlarm",
      "ValidationError",
      "EC2 Recover Action is not valid for this associated metric",
    );
}

/** The provider's schema: what `pulumi import` and `pulumi package get-schema` know of its resources. */

export const VERSION = "0.1.0";

const string = { type: "string" };
const secretString = { type: "string", secret: true };
const integer = { type: "integer" };
const boolean = { type: "boolean" };
const anything = { $ref: "pulumi.json#/Any" };
const list = { type: "array", items: anything };
const texts = { type: "object", additionalProperties: string };

type Types = Record<string, object>;

const registry: Types = {
  name: string,
  providerName: string,
  endpointUrl: string,
  description: string,
  accessId: string,
  accessSecret: secretString,
  insecure: boolean,
  caCertificate: string,
};

const project: Types = {
  name: string,
  registryId: integer,
  public: boolean,
  storageQuota: { type: "number" },
  metadata: texts,
  forceDestroy: boolean,
};

const mirrorPool: Types = {
  nodes: list,
  files: list,
  sudo: boolean,
  reloadCommand: string,
  checkCommand: string,
  dropInDir: string,
  rollout: anything,
  timeouts: anything,
};

const access: Types = {
  address: string,
  port: integer,
  user: string,
  privateKey: secretString,
  hostKey: string,
  jump: anything,
  before: string,
  work: string,
  connectTimeout: integer,
  patience: integer,
};

const connection: Types = {
  url: string,
  username: string,
  password: secretString,
  caCertificate: string,
  requestTimeout: string,
};

function resource(inputs: Types, required: readonly string[], outputs: Types): object {
  return {
    inputProperties: inputs,
    requiredInputs: required,
    properties: { ...inputs, ...outputs },
    required: [...required, ...Object.keys(outputs)],
  };
}

export function schemaText(): string {
  return JSON.stringify({
    name: "harborcache",
    version: VERSION,
    meta: { moduleFormat: "(.*)" },
    config: { variables: connection },
    provider: { inputProperties: connection, properties: connection },
    resources: {
      "harborcache:harbor:Registry": resource(registry, ["name", "providerName", "endpointUrl"], {
        registryId: integer,
        status: string,
      }),
      "harborcache:harbor:Project": resource(project, ["name"], { projectId: integer }),
      "harborcache:harbor:Password": resource({ length: integer }, [], { result: secretString }),
      "harborcache:host:Access": resource(access, ["address", "user", "hostKey", "before"], {}),
      "harborcache:host:SshKeyPair": resource({}, [], { publicKey: string, privateKey: secretString }),
      "harborcache:nodes:MirrorPool": resource(mirrorPool, ["nodes", "files", "reloadCommand"], {
        applied: anything,
      }),
    },
  });
}

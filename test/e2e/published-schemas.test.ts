/** What is rendered for Talos and OpenShift, held against the schemas that their own Go modules publish. */
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";

import { renderedFor } from "../../components/nodes/render/rendered-for.ts";
import { mustRun } from "../../tools/run.ts";
import { registry } from "../unit/nodes/example-registry.ts";

const TALOS = "github.com/siderolabs/talos/pkg/machinery@v1.13.0";
const OPENSHIFT = "github.com/openshift/api@v0.0.0-20250710004639-926605d3338b";
const CRDS = "config/v1/zz_generated.crd-manifests/0000_10_config-operator_01_";

const jsonSchema = z.record(z.string(), z.unknown());
const definitions = z.object({ $defs: z.record(z.string(), jsonSchema) });
const crd = z.object({
  spec: z.object({
    versions: z.tuple([z.object({ schema: z.object({ openAPIV3Schema: jsonSchema }) })]),
  }),
});

/** From Go's own cache, into which it comes once from the module proxy. */
async function published(module: string, path: string): Promise<string> {
  const told = await mustRun("go", ["mod", "download", "-json", module], { cwd: tmpdir(), timeout: 120 });
  const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(told));
  return readFile(join(Dir, path), "utf8");
}

const registries = [
  registry("docker.io", { endpoint: "https://hub.docker.com" }),
  registry("registry.k8s.io", { aliases: ["k8s.gcr.io"], fallback: false }),
  registry("reg.example.com:5000", { project: "p", insecure: true, pullFromMirror: "digest-only" }),
];
const rendered = renderedFor(
  registries,
  { scheme: "https", registry: "harbor.example.com:8443" },
  "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
);
const documentsOf = (format: "talos" | "openshift"): Record<string, unknown>[] =>
  Object.values(rendered[format]).flatMap((text) =>
    parseAllDocuments(text).map((document) => jsonSchema.parse(document.toJS())),
  );

test("Talos takes every document", async () => {
  const { $defs } = definitions.parse(
    JSON.parse(await published(TALOS, "config/schemas/config.schema.json")),
  );
  const documents = documentsOf("talos");
  expect(new Set(documents.map(({ kind }) => kind))).toEqual(
    new Set(["RegistryMirrorConfig", "RegistryTLSConfig"]),
  );
  for (const document of documents) {
    const schema = z.fromJSONSchema({ $defs, ...$defs[`cri.${String(document["kind"])}V1Alpha1`] });
    expect(schema.safeParse(document).error).toBeUndefined();
    expect(schema.safeParse({ ...document, skipfallback: true }).success).toBe(false);
  }
});

test("OpenShift takes every object", async () => {
  // The CA's ConfigMap is Kubernetes' own.
  const objects = documentsOf("openshift").filter(({ kind }) => kind !== "ConfigMap");
  expect(new Set(objects.map(({ kind }) => kind))).toEqual(
    new Set(["ImageTagMirrorSet", "ImageDigestMirrorSet"]),
  );
  for (const object of objects) {
    const name = `${String(object["kind"]).toLowerCase()}s.crd.yaml`;
    const [version] = crd.parse(parse(await published(OPENSHIFT, CRDS + name))).spec.versions;
    const schema = z.fromJSONSchema(version.schema.openAPIV3Schema);
    expect(schema.safeParse(object).error).toBeUndefined();
    const wrong = JSON.parse(
      JSON.stringify(object).replaceAll(/"mirrorSourcePolicy":"\w+"/g, '"mirrorSourcePolicy":"Never"'),
    ) as unknown;
    expect(schema.safeParse(wrong).success).toBe(false);
  }
});

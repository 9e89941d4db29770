/**
 * Stand-in for the plugin of @pulumi/kubernetes 4.34.2, for machines that can't download the real one. It acts for
 * real on the API server that the provider names, and keeps and compares objects as the real one does: created by
 * create, changed by server-side apply, seen before by dry run. It knows Secret, ConfigMap, Namespace and every custom
 * resource; all else (Helm, YAML files, Kustomize, other kinds, client-side apply) is refused by name.
 */
import { randomBytes } from "node:crypto";

import { PartialFailure } from "../../../provider/resource.ts";
import { isUnknown } from "../../../provider/values.ts";
import type { Properties } from "../../../provider/values.ts";
import type { Call, Plugin } from "../plugin-server.ts";
import { publishedTypes } from "../published-types/published-types.ts";
import { Api, ApiError } from "./api.ts";
import { checkObject, isKnown } from "./check.ts";
import { canAsk, createObject, deleteObject, isNotFound, readObject, updateObject } from "./cluster.ts";
import { diffConfig, readConfiguration, unchangeable, unsupported } from "./configuration.ts";
import { importedInputs, inputsFrom } from "./import.ts";
import { readAccess } from "./kubeconfig.ts";
import { asMap, diffObjects, fromState, idOf, identify, normalized, pruned } from "./objects.ts";
import { secretPaths, toState, without } from "./objects.ts";

const GONE_SECONDS = 300;
const IN_STATE =
  "you can remove this resource from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE " +
  'environment variable set to "true"';

/** `goneSeconds`: how long a deleted object may take to be gone, default 300. */
export function kubernetesPlugin({ goneSeconds = GONE_SECONDS } = {}): Plugin {
  const types = publishedTypes("@pulumi/kubernetes");
  let configuration = readConfiguration({});
  let api: Api | undefined;
  let defaultNamespace = "default";
  let unreachable = "the provider isn't configured";

  const reached = (): Api => {
    if (api === undefined || unreachable !== "")
      throw new Error(`configured Kubernetes cluster is unreachable: ${unreachable}`);
    return api;
  };
  const isUnreachable = ({ log }: Call): boolean => {
    if (unreachable === "") return false;
    log("warning", `configured Kubernetes cluster is unreachable: ${unreachable}`);
    return true;
  };
  const wanted = (call: Call, object: Properties, fieldManager: string) => {
    const annotations = asMap(asMap(object["metadata"])["annotations"]);
    const force = annotations["pulumi.com/patchForce"] === "true" || configuration.enablePatchForce;
    return { object, fieldManager, force, preview: call.preview, signal: call.signal };
  };

  return {
    name: "kubernetes",
    version: "4.34.2",
    knows: isKnown,
    moreSecrets: secretPaths,
    checkConfig: (news) => [...types.provider()(news), ...unsupported(news)],
    diffConfig,
    configure: async (given) => {
      configuration = readConfiguration(given);
      if (isUnknown(given["kubeconfig"] ?? "")) return;
      const timeoutMs = configuration.kubeClientSettings.timeout * 1000;
      try {
        const access = readAccess(configuration.kubeconfig, configuration);
        defaultNamespace = access.namespace;
        api = new Api(access, timeoutMs);
      } catch (error) {
        unreachable = `unable to load Kubernetes client configuration from kubeconfig file: ${words(error)}`;
        return;
      }
      unreachable = await api.discover(AbortSignal.timeout(timeoutMs)).then(
        () => "",
        (error: unknown) => `unable to load schema information from the API server: ${words(error)}`,
      );
    },
    check: (type, news, olds, name) => {
      if (unreachable !== "" && configuration.skipUpdateUnreachable) return { inputs: olds, failures: [] };
      return checkObject(types, type, news, {
        olds,
        name,
        // Where nobody can tell, the real one takes a kind for one that has namespaces.
        namespace: (object) => {
          const { apiVersion, kind } = identify(object);
          const namespaced = api?.place(apiVersion, kind)?.namespaced ?? kind !== "Namespace";
          return namespaced ? defaultNamespace : "";
        },
      });
    },
    diff: (_type, _id, _oldInputs, state, news) =>
      diffObjects(state, news, unchangeable(configuration, news)),
    create: async (call, inputs) => {
      if (call.preview && (unreachable !== "" || !canAsk(reached(), inputs)))
        return { id: "", state: inputs };
      const fieldManager = newFieldManager();
      try {
        const live = await createObject(reached(), {
          ...wanted(call, inputs, fieldManager),
          upsert: configuration.upsertExistingObjects,
        });
        const seen = call.preview ? without(live, ["status"]) : live;
        const state = toState({ inputs, live: seen, fieldManager });
        return { id: call.preview ? "" : idOf(live), state };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        // Without the right to try, or its namespace, the program's word is all that there is.
        if (call.preview && ["Forbidden", "AlreadyExists", "NotFound"].includes(error.reason))
          return { id: "", state: inputs };
        throw new Error(notCreated(call, inputs, error), { cause: error });
      }
    },
    read: async (call, id, inputs, state) => {
      if (isUnreachable(call)) {
        if (configuration.deleteUnreachable) return undefined;
        if (configuration.skipUpdateUnreachable) return { id, inputs, state };
        throw new Error(
          `failed to read resource state due to unreachable cluster. If the cluster was deleted, ${IN_STATE}`,
        );
      }
      const imported = !("kind" in inputs);
      const known = imported ? importedInputs(call.type, id) : normalized(inputs);
      try {
        const live = await readObject(reached(), identify(known), call.signal);
        const fieldManager = fromState(state).fieldManager || newFieldManager();
        const now = imported ? inputsFrom(live, call.type, known) : pruned(live, known);
        return { id, inputs: now, state: toState({ inputs: now, live, fieldManager }) };
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    update: async (call, id, state, news) => {
      if (call.preview && (unreachable !== "" || !canAsk(reached(), news))) return news;
      const { live, fieldManager } = fromState(state);
      const now = (object: Properties) => toState({ inputs: normalized(news), live: object, fieldManager });
      try {
        return now(await updateObject(reached(), wanted(call, news, fieldManager)));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (call.preview && error.reason === "Forbidden") return news;
        const still = await readObject(reached(), identify(live), call.signal).catch(() => undefined);
        if (call.preview || still === undefined)
          throw new Error(`update of resource "${call.urn}" failed: ${error.message}`, { cause: error });
        const reason = `the Kubernetes API server reported that "${id}" failed to fully initialize or become live: ${error.message}`;
        throw new PartialFailure(id, now(still), [reason]);
      }
    },
    delete: async (call, _id, state) => {
      if (isUnreachable(call)) {
        if (configuration.deleteUnreachable) return;
        throw new Error(
          `configured Kubernetes cluster is unreachable. If the cluster was deleted, ${IN_STATE}`,
        );
      }
      await deleteObject(reached(), identify(fromState(state).live), goneSeconds, call.signal);
    },
    close: () => {
      api?.close();
    },
  };
}

function notCreated({ urn }: Call, inputs: Properties, { reason, message }: ApiError): string {
  if (reason !== "NoMatch")
    return `resource "${urn}" was not successfully created by the Kubernetes API server: ${message}`;
  const { apiVersion, kind } = identify(inputs);
  return (
    `creation of resource "${urn}" with kind ${apiVersion}/${kind} failed because the Kubernetes API server reported ` +
    `that the apiVersion for this resource does not exist. Verify that any required CRDs have been created: ${message}`
  );
}

const newFieldManager = (): string => `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

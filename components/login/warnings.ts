import type { LoginSettings } from "../../config/settings.ts";

/** Warnings about what works but is dangerous, or not what people expect. */
export function loginWarnings(
  { adminGroup, verifyCertificate, scope, client }: LoginSettings,
  harborUrl: string,
): string[] {
  const words = scope.split(",");
  const isDex = client.mode !== "existing";
  const found: readonly (readonly [boolean, string])[] = [
    [
      adminGroup === undefined,
      "adminGroup is not given: nobody who signs in is an administrator of Harbor, only the user admin is.",
    ],
    [
      harborUrl.startsWith("http://"),
      "is used over plain HTTP: whoever is on the way can take over what people signed in to. For a trusted network only.",
    ],
    [
      !verifyCertificate,
      "verifyCertificate is false: whoever is on the way between Harbor and the issuer can sign in as anybody.",
    ],
    [
      client.mode !== "existing" && client.kubeconfig === undefined && client.context === undefined,
      "client.context is not given: the client is made in whatever cluster the kubeconfig points at when up runs.",
    ],
    [
      isDex && !words.includes("groups"),
      "scope has no groups: dex then tells Harbor of none, so that adminGroup and members give nobody a right.",
    ],
    [
      isDex && !words.includes("offline_access"),
      "scope has no offline_access: CLI secrets then end with the ID token, after a day or less.",
    ],
  ];
  return found.flatMap(([holds, text]) =>
    holds ? [`harbor-cache:login${text.startsWith("is ") ? " " : "."}${text}`] : [],
  );
}

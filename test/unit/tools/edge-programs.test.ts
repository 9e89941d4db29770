import { expect, it } from "vitest";

import { edge } from "../../../config/schema/edge.ts";
import { TRAEFIK_VERSION } from "../../../tools/edge-programs.ts";

it("has the Traefik that is the settings' default", () => {
  expect(edge.parse({}).traefikImage).toMatch(new RegExp(`:v${TRAEFIK_VERSION.replaceAll(".", "\\.")}$`));
});

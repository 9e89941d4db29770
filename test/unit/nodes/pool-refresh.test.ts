import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { closedPort } from "./node-stand-in.ts";
import {
  A,
  B,
  CA,
  DOCKER,
  QUAY,
  create,
  ctx,
  details,
  failureOf,
  n1,
  n2,
  nodes,
  pool,
  read,
  update,
} from "./pool-fixture.ts";

describe("a refresh", () => {
  test("finds an edited, a missing and a re-moded file, and up mends them", async () => {
    const inputs = pool([n1()], { [A]: DOCKER, [B]: QUAY, [CA]: "PEM" });
    const { state } = await create(inputs);
    writeFileSync(nodes[0].path(A), "edited");
    rmSync(nodes[0].path(B));
    chmodSync(nodes[0].path(CA), 0o600);
    const result = await read(inputs, state);
    expect(result?.inputs).toEqual(inputs);
    expect(ctx.warnings).toEqual([
      `n1 is not as it was written: /node/${A}, /node/${B}, /node/${CA}; the next up puts it right`,
    ]);
    expect(result?.state).toMatchObject({
      applied: {
        n1: {
          seen: {
            [`/node/${B}`]: "absent",
            [`/node/${CA}`]: expect.stringMatching(/ mode 600$/) as string,
          },
        },
      },
    });
    expect(details(inputs, result?.state ?? {}, inputs)).toEqual({
      "nodes[0].name": { kind: "update" },
    });
    const mended = await update(inputs, result?.state ?? {}, inputs);
    expect([nodes[0].content(A), nodes[0].content(B), nodes[0].content(CA)]).toEqual([DOCKER, QUAY, "PEM"]);
    expect(details(inputs, mended, inputs)).toEqual({});
  });

  test("changes nothing where nothing changed, and keeps what it can't reach", async () => {
    const down = { ...n2(), port: await closedPort() };
    const inputs = pool([n1(), n2()], { [A]: DOCKER });
    const { state } = await create(inputs);
    const result = await read({ ...inputs, nodes: [n1(), down] }, state);
    expect(result?.state).toEqual(state);
    expect(ctx.warnings).toHaveLength(1);
    expect(ctx.warnings[0]).toMatch(
      /^n2: could not be read, its last known state is kept: .*connection refused/,
    );
  });

  test("reports what shadows the files", async () => {
    const inputs = pool([n1()], { [A]: DOCKER });
    const { state } = await create(inputs);
    writeFileSync(nodes[0].path("registries.conf.d/99-own.conf"), DOCKER);
    writeFileSync(
      nodes[0].path("registries.conf.d/10-below.conf"),
      DOCKER.replaceAll("docker.io", "docker.io/library"),
    );
    writeFileSync(nodes[0].path("registries.conf.d/10-quay.conf"), QUAY);
    mkdirSync(nodes[0].path(".config/containers"), { recursive: true });
    writeFileSync(nodes[0].path(".config/containers/registries.conf"), "");
    await read(inputs, state);
    expect(ctx.warnings).toEqual([
      expect.stringContaining(
        `n1: /node/registries.conf.d/10-below.conf:1: takes docker.io/library away from /node/${A}`,
      ),
      expect.stringContaining(
        `n1: /node/registries.conf.d/99-own.conf:1: comes later and replaces docker.io of /node/${A}`,
      ),
      expect.stringContaining(
        "n1: /node/.config/containers/registries.conf:1: replaces all drop-ins for programs with that home",
      ),
    ]);
  });

  test("finds a node that was put back as it was, and says of nobody's hands", async () => {
    const first = pool([n1()], { [A]: DOCKER });
    const { state } = await create(first);
    nodes[0].program("reload", `! [ -e ${nodes[0].path(B)} ]`);
    const second = pool([n1()], { [A]: DOCKER, [B]: QUAY });
    const failure = await failureOf(update(first, state, second));
    const result = await read(second, failure.state);
    expect(ctx.warnings).toEqual([]);
    expect(result?.state).toEqual(state);
    expect(Object.keys(details(second, result?.state ?? {}, second))).toEqual(["nodes[0].name"]);
  });

  test("takes over a node that has the files already, and can't import", async () => {
    const inputs = pool([n1()], { [A]: DOCKER });
    await create(inputs);
    const result = await read(inputs, { applied: {} });
    expect(details(inputs, result?.state ?? {}, inputs)).toEqual({});
    await expect(read({}, {})).rejects.toThrow("can't be imported");
  });
});

import { mkdtemp, rm, stat } from "node:fs/promises";
import { request } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";

import { engineApi } from "../../../lab/machine/docker/api/engine-api.ts";
import { parseReference } from "../../../lab/machine/docker/image-references.ts";
import { ObjectStore } from "../../../lab/machine/docker/objects.ts";
import { run } from "../../../tools/run.ts";

const DOCKER = fileURLToPath(new URL("../../../lab/machine/bin/docker", import.meta.url));
const DIGEST = /^traefik@sha256:[0-9a-f]{64}$/;
let machine: string;
let server: Server;

beforeEach(async () => {
  machine = await mkdtemp(join(tmpdir(), "docker-engine-api-"));
  server = engineApi(machine);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await rm(machine, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(method: string, path: string, body?: object): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  const sent = request({ host: "127.0.0.1", port, method, path, agent: false });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const response = await new Promise<NodeJS.ReadableStream & { statusCode?: number | undefined }>(
    (resolve, reject) => sent.once("response", resolve).once("error", reject),
  );
  const said = await text(response);
  return {
    status: response.statusCode ?? 0,
    body: said.startsWith('{"status') || !/^[[{]/.test(said) ? said : JSON.parse(said),
  };
}

const refusal = async (method: string, path: string, body?: object) => {
  const { status, body: answered } = await ask(method, path, body);
  return `${status} ${z.strictObject({ message: z.string() }).parse(answered).message}`;
};

test("it says its version, and refuses clients that are too new or too old", async () => {
  expect(await ask("GET", "/_ping")).toEqual({ status: 200, body: "OK" });
  expect(await ask("GET", "/v1.41/version")).toMatchObject({ body: { ApiVersion: "1.51" } });
  expect(await ask("GET", "/info")).toMatchObject({ body: { ServerVersion: "28.5.1", Images: 0 } });
  expect(await refusal("GET", "/v1.52/version")).toBe(
    "400 client version 1.52 is too new. Maximum supported API version is 1.51",
  );
  expect(await refusal("GET", "/v1.23/version")).toContain("400 client version 1.23 is too old");
});

test("what it doesn't know is an error", async () => {
  expect(await refusal("GET", "/v1.51/containers/json")).toBe("404 page not found");
  expect(await refusal("PUT", "/v1.51/networks/create")).toBe("404 page not found");
  expect(await refusal("POST", "/networks/create", { Name: "a", Drivr: "bridge" })).toContain("400 stand-in");
  expect(await refusal("POST", "/networks/create")).toContain("400 stand-in");
  expect(await refusal("GET", "/networks?filters=%7B%22nam%22:%7B%7D%7D")).toBe("400 invalid filter 'nam'");
  expect(await refusal("GET", "/networks?filters=x")).toBe("400 invalid JSON");
});

test("a network is made once, found by name and id, and kept while it is used", async () => {
  const wanted = { Name: "edge", CheckDuplicate: true, Internal: true, Labels: { owner: "me" } };
  const made = await ask("POST", "/v1.51/networks/create", wanted);
  const { Id } = z.object({ Id: z.string().regex(/^[0-9a-f]{64}$/) }).parse(made.body);
  expect(made.status).toBe(201);
  expect(await refusal("POST", "/networks/create", { Name: "edge" })).toBe(
    "409 network with name edge already exists",
  );
  const shown = {
    Name: "edge",
    Id,
    Driver: "bridge",
    Internal: true,
    Labels: { owner: "me" },
    Containers: {},
  };
  for (const name of ["edge", Id, Id.slice(0, 12)])
    expect((await ask("GET", `/networks/${name}`)).body).toMatchObject(shown);
  const filtered = async (filters: object) => {
    const { body } = await ask("GET", `/networks?filters=${encodeURIComponent(JSON.stringify(filters))}`);
    return z
      .array(z.object({ Name: z.string() }))
      .parse(body)
      .map(({ Name }) => Name);
  };
  expect(await filtered({ name: { ed: true } })).toEqual(["edge"]);
  expect(await filtered({ name: ["other"] })).toEqual([]);
  expect(await filtered({ label: ["owner=me"] })).toEqual(["edge"]);
  expect(await filtered({ label: ["owner=you"] })).toEqual([]);

  const store = new ObjectStore(machine);
  store.change(({ networks }) => networks["edge"]?.containers.push("traefik"));
  expect(await refusal("DELETE", `/networks/${Id}`)).toBe(
    `403 error while removing network: network edge id ${Id} has active endpoints`,
  );
  store.change(({ networks }) => networks["edge"]?.containers.pop());
  expect((await ask("DELETE", "/networks/edge")).status).toBe(204);
  expect(await refusal("GET", "/networks/edge")).toBe("404 network edge not found");
  expect(await refusal("POST", "/networks/create", { Name: "host" })).toContain("403 ");
  expect(await refusal("POST", "/networks/create", { Name: "a", Driver: "overlai" })).toContain("404 ");
});

test("a volume is made, is the same when it is made again, and kept while it is used", async () => {
  const DriverOpts = { type: "none", o: "bind", device: "/data/edge" };
  const made = await ask("POST", "/volumes/create", { Name: "certs", Driver: "local", DriverOpts });
  expect(made).toMatchObject({ status: 201, body: { Name: "certs", Driver: "local", Options: DriverOpts } });
  const { Mountpoint } = z.object({ Mountpoint: z.string() }).parse(made.body);
  expect((await stat(Mountpoint)).isDirectory()).toBe(true);
  expect(await ask("POST", "/volumes/create", { Name: "certs" })).toEqual(made);
  expect((await ask("GET", "/volumes")).body).toEqual({ Volumes: [made.body], Warnings: null });

  new ObjectStore(machine).change(({ volumes }) => volumes["certs"]?.containers.push("traefik"));
  expect(await refusal("DELETE", "/volumes/certs?force=1")).toBe(
    "409 remove certs: volume is in use - [traefik]",
  );
  new ObjectStore(machine).change(({ volumes }) => volumes["certs"]?.containers.pop());
  expect((await ask("DELETE", "/volumes/certs")).status).toBe(204);
  expect(await refusal("DELETE", "/volumes/certs")).toBe("404 get certs: no such volume");
  expect((await ask("DELETE", "/volumes/certs?force=1")).status).toBe(204);
});

test.each([
  [{ Name: "a/b" }, "includes invalid characters"],
  [{ Name: "ab", Driver: "nfs" }, "plugin not found"],
  [{ Name: "ab", DriverOpts: { type: "none", o: "bind" } }, 'missing required option: "device"'],
  [{ Name: "ab", DriverOpts: { device: "/d" } }, 'missing required option: "type"'],
  [{ Name: "ab", DriverOpts: { typ: "none" } }, 'invalid option: "typ"'],
])("a volume %j is refused", async (body, words) => {
  expect(await refusal("POST", "/volumes/create", body)).toContain(words);
});

test("known images are pulled with the same digest each time, others are refused", async () => {
  const inspected = async (name: string) => {
    const { body } = await ask("GET", `/images/${name}/json`);
    return z
      .object({ Id: z.string(), RepoTags: z.array(z.string()), RepoDigests: z.array(z.string()) })
      .parse(body);
  };
  expect(await refusal("GET", "/images/traefik:v3.7.10/json")).toBe("404 No such image: traefik:v3.7.10");
  const pulled = await ask("POST", "/images/create?fromImage=docker.io/library/traefik&tag=v3.7.10");
  expect(pulled).toMatchObject({ status: 200, body: expect.stringContaining("Downloaded") as string });
  const image = await inspected("docker.io/library/traefik:v3.7.10");
  expect(image.RepoTags).toEqual(["traefik:v3.7.10"]);
  expect(image.RepoDigests).toEqual([expect.stringMatching(DIGEST)]);
  const byDigest = image.RepoDigests[0] ?? "";
  expect(await inspected(byDigest)).toEqual(image);
  expect(await inspected(image.Id)).toEqual(image);

  expect(await ask("DELETE", "/images/traefik:v3.7.10")).toMatchObject({
    body: [{ Untagged: "traefik:v3.7.10" }, { Deleted: image.Id }],
  });
  // By its digest it is the same image, without the tag.
  await ask("POST", `/images/create?fromImage=traefik&tag=${byDigest.split("@")[1] ?? ""}`);
  expect(await inspected(byDigest)).toMatchObject({ Id: image.Id, RepoTags: [] });

  expect(await refusal("POST", "/images/create?fromImage=alpine&tag=3")).toBe(
    "404 manifest for alpine:3 not found: manifest unknown: manifest unknown",
  );
  expect(await refusal("POST", "/images/create?fromImage=UPPER&tag=1")).toContain("invalid reference format");
  expect(await refusal("POST", "/images/create?fromSrc=-")).toContain("400 ");
});

test.each([
  ["traefik", "docker.io/library/traefik", "traefik", "latest"],
  [
    "tecnativa/docker-socket-proxy:v1",
    "docker.io/tecnativa/docker-socket-proxy",
    "tecnativa/docker-socket-proxy",
    "v1",
  ],
  ["127.0.0.1:5000/a/b:2", "127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "2"],
  ["localhost/a", "localhost/a", "localhost/a", "latest"],
])("the reference %s", (reference, repository, familiar, tag) => {
  expect(parseReference(reference)).toEqual({ repository, familiar, tag });
});

test("changes by several processes at once are all kept", async () => {
  const store = fileURLToPath(new URL("../../../lab/machine/docker/objects.ts", import.meta.url));
  const program = `
    const { ObjectStore } = await import(${JSON.stringify(store)});
    const [name] = process.argv.slice(1);
    for (let count = 0; count < 20; count++)
      new ObjectStore(${JSON.stringify(machine)}).change(({ images }) => {
        const Id = name + count;
        images[Id] = { Id, RepoTags: [], RepoDigests: [] };
      });`;
  const ended = await Promise.all(
    ["a", "b", "c"].map((name) => run(process.execPath, ["--input-type=module", "--eval", program, name])),
  );
  expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ""],
    [0, ""],
    [0, ""],
  ]);
  expect(Object.keys(new ObjectStore(machine).read().images)).toHaveLength(60);
});

test("docker system dial-stdio serves it on its own streams, one request after the other", async () => {
  const requests = ["HEAD /_ping", "GET /v1.51/networks/none-such", "GET /v1.51/networks"];
  const stdin = requests.map((line) => `${line} HTTP/1.1\r\nHost: docker\r\n\r\n`).join("");
  const env = { ...process.env, LAB_MACHINE: machine };
  const { code, stdout, stderr } = await run(DOCKER, ["system", "dial-stdio"], { stdin, env, timeout: 30 });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 404", "HTTP/1.1 200"]);
  expect(stdout).toContain("Api-Version: 1.51");
  const refused = await run(DOCKER, ["system", "dial-stdio", "--more"], { env, timeout: 30 });
  expect(refused.stderr).toContain("stand-in: unknown docker arguments");
});

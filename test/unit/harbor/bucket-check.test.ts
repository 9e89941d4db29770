/** Harbor calls itself healthy whatever its bucket does: the step that waits for it tries the bucket. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { directoriesScript, healthScript } from "../../../components/harbor/step-scripts.ts";
import type { HarborSettings } from "../../../config/settings.ts";
import { exampleMachine, passwords } from "./example-machine.ts";
import { MachineSandbox } from "./machine-sandbox.ts";

let machine: MachineSandbox;
beforeEach(async () => {
  machine = new MachineSandbox();
  await machine.run(directoriesScript(exampleMachine({}, machine.root)));
  machine.program("curl", curlStandIn);
  machine.write("state/begin", "202");
  machine.write("state/give-up", "204");
  machine.calls();
});
afterEach(() => {
  machine[Symbol.dispose]();
});

/** Answers with the status in state/begin and state/give-up; `none` is no answer. */
const curlStandIn = `
for word in "$@"; do
  case "$before" in --dump-header) headers=$word ;; --request) method=$word ;; esac
  before=$word
done
cat >>"$root/state/config"
answer() {
  status=$(cat "$root/state/$1")
  [ "$status" != none ] || { echo 'curl: (28) Operation timed out' >&2; printf 000; exit 28; }
  printf %s "$status"
}
case "$method $before" in
  *'/health') printf '{"status":"healthy"}' ;;
  *'/users/current') printf 200 ;;
  'POST '*'/blobs/uploads/')
    printf 'HTTP/1.1 202 Accepted\\r\\nLocation: %s/v2/library/harbor-cache/blobs/uploads/1?_state=ab\\r\\n\\r\\n' \\
      "$(cat "$root/state/origin" 2>/dev/null)" >"$headers"
    answer begin
    ;;
  'DELETE '*) answer give-up ;;
  *) exit 3 ;;
esac
`;

const bucket = { s3: { bucket: "layers", region: "eu-west-1" } };
const run = (changes: Partial<HarborSettings> = bucket) =>
  machine.run(healthScript(exampleMachine(changes, machine.root), passwords, "digest"));
const asked = () =>
  machine
    .calls()
    .filter((line) => line.includes("--request"))
    .map((line) => line.replace(/^curl .*--request (\w+) .*(http\S+)$/, "$1 $2"));
const UPLOADS = "http://registry.example.com:80/v2/library/harbor-cache/blobs/uploads/";

describe("the bucket for the layers", () => {
  it.each([
    ["the name that clients use", "https://registry.example.com"],
    ["no name", ""],
  ])(
    "is tried by a layer that is begun and given up, which Harbor answers under %s",
    async (_what, origin) => {
      machine.write("state/origin", origin);
      expect(await run()).toEqual({ code: 0, stdout: "Harbor is healthy\n", stderr: "" });
      expect(asked()).toEqual([`POST ${UPLOADS}`, `DELETE ${UPLOADS}1?_state=ab`]);
      expect(machine.read("state/config")).toContain('user = "admin:Admin-Secret-1"\n'.repeat(2));
      expect(machine.list("tmp")).toEqual([".keep"]);
    },
  );

  it("is not tried where there is none", async () => {
    expect(await run({})).toMatchObject({ code: 0 });
    expect(asked()).toEqual([]);
  });

  it.each([
    ["begin", "500", "to begin one was answered by status 500."],
    ["begin", "none", "to begin one was not answered (curl: (28) Operation timed out)."],
    ["give-up", "500", "to give one up was answered by status 500."],
  ])("fails the step where %s is answered by %s, with S3's own words", async (what, status, told) => {
    machine.write(`state/${what}`, status);
    machine.program(
      "docker",
      `echo 'level=info msg=started'; echo 'err.detail="s3aws: NoCredentialProviders"'`,
    );
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `^Harbor runs, but keeps no layers in the bucket layers \\(harbor\\.s3\\): ${told.replaceAll(/[.()]/g, "\\$&")}\n` +
          'last words of registry:\nerr\\.detail="s3aws: NoCredentialProviders"\nNoCredentialProviders: the registry of Harbor 2\\.15\\.2 ',
      ),
    );
    expect(stderr).not.toContain(passwords.adminPassword);
    // They have proved right, and whoever mends the bucket needs them.
    expect(machine.read("data/.harbor-cache/admin-password")).toBe(passwords.adminPassword);
  });

  it("shows the registry's last words where S3 said nothing", async () => {
    machine.write("state/begin", "502");
    machine.program("docker", "echo 'panic: invalid region provided'");
    expect((await run()).stderr).toContain("last words of registry:\npanic: invalid region provided\n");
  });

  it("is said to be unknown where Harbor doesn't let the admin try", async () => {
    machine.write("state/begin", "404");
    expect(await run()).toEqual({
      code: 0,
      stdout:
        "whether the bucket layers takes layers is not known: to begin one was answered by status 404\nHarbor is healthy\n",
      stderr: "",
    });
    expect(asked()).toHaveLength(1);
  });
});

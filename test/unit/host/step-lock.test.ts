import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { stepScript } from "../../../components/host/step-script.ts";
import { MachineSandbox } from "../harbor/machine-sandbox.ts";

const until = async (holds: () => boolean) => {
  while (!holds()) await pause(10);
};

test("a step waits for the one before, which may have outlived its engine", async () => {
  using machine = new MachineSandbox();
  const script = (name: string) =>
    stepScript({
      body: `up() { echo begin-${name} >>order; until [ -e "$go" ]; do sleep 0.05; done; echo end-${name} >>order; }`,
      settings: { go: machine.path(`go-${name}`) },
      seconds: 60,
    });
  const first = machine.run(script("first"));
  await until(() => machine.exists("order"));
  machine.write("go-second", "");
  const second = machine.run(script("second"));
  await pause(300);
  machine.write("go-first", "");
  expect([(await first).code, (await second).code]).toEqual([0, 0]);
  expect(machine.read("order").trim().split("\n")).toEqual([
    "begin-first",
    "end-first",
    "begin-second",
    "end-second",
  ]);
});

test("a step that waited too long says what to look for, and has done nothing", async () => {
  using machine = new MachineSandbox();
  const script = (body: string, seconds: number) => stepScript({ body, settings: {}, seconds });
  const first = machine.run(script("up() { : >begun; until [ -e go ]; do sleep 0.05; done; }", 60));
  await until(() => machine.exists("begun"));
  const second = await machine.run(script("up() { : >second; }", 2));
  machine.write("go", "");
  expect(second.code).toBe(1);
  expect(second.stderr).toContain("another step still runs on this machine after 1 seconds");
  expect(machine.exists("second")).toBe(false);
  expect((await first).code).toBe(0);
});

test("what a step leaves running does not keep the lock", async () => {
  using machine = new MachineSandbox();
  const script = (body: string) => stepScript({ body, settings: {}, seconds: 20 });
  expect((await machine.run(script("up() { sleep 30 >/dev/null 2>&1 & echo $! >pid; }"))).code).toBe(0);
  expect((await machine.run(script("up() { : >done; }"))).code).toBe(0);
  process.kill(Number(machine.read("pid")));
});

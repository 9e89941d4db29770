import { expect, test } from "vitest";
import { dexClientName } from "../../../components/login/dex-client-name.ts";

test.each([
  ["harbor-cache-oidc-dex", "nbqxeytpoiwwgyldnbss233jmrrs2zdfpdf7fhheqqrcgji"],
  ["h", "ndf7fhheqqrcgji"],
  ["ha", "nbq4x4u44scceizf"],
  ["har", "nbqxfs7sttsiiirdeu"],
  ["harb", "nbqxeywl6koojbbcemsq"],
  ["harbo", "nbqxeytpzpzjzzeeeirsk"],
  ["example-app", "mv4gc3lqnrss2ylqodf7fhheqqrcgji"],
])("dex looks for %s at %s", (id, name) => {
  expect(dexClientName(id)).toBe(name);
});

test("the longest id that is taken has a name that Kubernetes takes", () => {
  expect(dexClientName("x".repeat(150))).toHaveLength(253);
});

test("an id reads back out of its name, whatever characters it has", () => {
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  for (const id of ["a", "HARBOR Cache", "https://registry.example.com/?a=b", "größe", "0".repeat(99)]) {
    const name = dexClientName(id);
    expect(name).toMatch(/^[a-z2-7]+$/);
    const bits = Array.from(name, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
    const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2));
    expect(Buffer.from(bytes).toString("hex")).toBe(`${Buffer.from(id).toString("hex")}cbf29ce484222325`);
  }
});

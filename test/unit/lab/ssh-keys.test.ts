import ssh2 from "ssh2";
import { expect, test } from "vitest";

import { generateKeyPair } from "../../../lab/machine/ssh-keys.ts";

test("every key can be read, though ssh2 makes one now and then that it can't read itself", () => {
  for (let made = 0; made < 1500; made++) {
    expect(ssh2.utils.parseKey(generateKeyPair().privateKey)).not.toBeInstanceOf(Error);
  }
});

/**
 * Loaded by NODE_OPTIONS before a program: what a line in /etc/hosts would be, for that program alone. The name and its
 * address are in TEST_HOST and TEST_ADDRESS.
 */
import dns from "node:dns";

const { TEST_HOST: name, TEST_ADDRESS: address = "" } = process.env;
const lookup = dns.lookup;

dns.lookup = new Proxy(lookup, {
  apply: (target, self, [host, ...rest]: unknown[]): unknown =>
    Reflect.apply(target, self, [host === name ? address : host, ...rest]),
});

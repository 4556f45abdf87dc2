import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import fc from "fast-check";

import { isKeyturnError } from "../errors/keyturn-error.js";
import { parseServers } from "./servers.js";

void test("addresses in the forms that people write", () => {
  const servers = (text: string): readonly string[] =>
    parseServers(text).servers;
  assert.deepEqual(servers("localhost"), ["localhost:4222"]);
  assert.deepEqual(servers("nats://a.example:4333"), ["a.example:4333"]);
  assert.deepEqual(servers(" a , nats://b:1 ,, tls://c "), [
    "a:4222",
    "b:1",
    "c:4222",
  ]);
  assert.deepEqual(servers("a,a:4222,nats://a"), ["a:4222"]);
  assert.deepEqual(servers("0.0.0.0:4222"), ["127.0.0.1:4222"]);
  assert.deepEqual(servers("nats://[::1]:4222"), ["[::1]:4222"]);
  assert.deepEqual(servers("nats://[::]"), ["[::1]:4222"]);
  assert.deepEqual(servers("nats://a:80,b:80/,c:080,d:443"), [
    "a:80",
    "b:80",
    "c:80",
    "d:443",
  ]);
  assert.equal(parseServers("nats://a").tls, false);
  assert.equal(parseServers("nats://a,tls://b").tls, true);
});

void test("addresses of WebSockets keep their scheme and path", () => {
  const { servers, tls, webSocket } = parseServers(
    "WS://a, ws://b:4333/nats/ , ws://[::1]/, ws://c:443",
  );
  assert.deepEqual(servers, [
    "ws://a:80",
    "ws://b:4333/nats/",
    "ws://[::1]:80",
    "ws://c:443",
  ]);
  assert.deepEqual([tls, webSocket], [false, true]);
  assert.deepEqual(parseServers(servers.join(",")).servers, servers);
  const secure = parseServers("wss://me:pw@a,wss://b:80");
  assert.deepEqual(secure.servers, ["wss://a:443", "wss://b:80"]);
  assert.deepEqual([secure.tls, secure.webSocket], [true, true]);
  assert.equal(secure.user?.name, "me");
  assert.equal(parseServers("a").webSocket, false);
  for (const [list, before, scheme] of [
    ["a,ws://b", "nats", "ws"],
    ["wss://a,ws://b", "wss", "ws"],
    ["ws://a,tls://b", "ws", "nats"],
  ] as const)
    assert.throws(() => parseServers(list), {
      code: "CONNECT_URL_INVALID",
      message: `Server address 2 (\`${list.split(",")[1]}\`) cannot be used: \`${scheme}://\` does not go together with the \`${before}://\` before it. Let all addresses have one scheme; a connection changes its server, not its transport.`,
    });
});

void test("user information is decoded and taken out", () => {
  const { servers, user } = parseServers("nats://a%40b:p%3As%2Fs@host:4222");
  assert.deepEqual(servers, ["host:4222"]);
  assert.equal(user?.name, "a@b");
  assert.equal(user.password?.revealText(), "p:s/s");
  assert.equal(parseServers("nats://token@host").user?.password, undefined);
  assert.equal(parseServers("nats://user:@host").user?.password?.byteLength, 0);
  assert.equal(parseServers("nats://u:p@a,b,nats://u:p@c").user?.name, "u");
});

void test("bad addresses are refused, without what stands before an @", () => {
  const refuses = (text: string, message: string): void => {
    assert.throws(
      () => parseServers(text),
      (error) => {
        assert.ok(isKeyturnError(error));
        assert.equal(error.code, "CONNECT_URL_INVALID");
        assert.equal(
          error.message,
          `${message} Write it as \`nats://host:port\` or \`tls://host:port\`.`,
        );
        assert.equal(
          inspect(error, { showHidden: true }).includes("hunter2"),
          false,
        );
        return true;
      },
    );
  };
  refuses("", "The list of server addresses is empty.");
  refuses(" , ", "The list of server addresses is empty.");
  refuses(
    "http://a",
    "Server address 1 (`http://a`) cannot be used: its scheme is none of `nats`, `tls`, `ws` and `wss`.",
  );
  refuses(
    "ws://a/b?c",
    "Server address 1 (`ws://a/b?c`) cannot be used: something follows the path.",
  );
  refuses(
    "a,b:x",
    "Server address 2 (`b:x`) cannot be used: it is not `host:port`.",
  );
  refuses(
    "a:70000",
    "Server address 1 (`a:70000`) cannot be used: it is not `host:port`.",
  );
  refuses(
    "a:0",
    "Server address 1 (`a:0`) cannot be used: port 0 is no destination.",
  );
  refuses(
    "nats://a/path",
    "Server address 1 (`nats://a/path`) cannot be used: something follows the port.",
  );
  refuses(
    "::1",
    "Server address 1 (`::1`) cannot be used: it is not `host:port`.",
  );
  refuses(
    "\u001b[31ma:b",
    "Server address 1 (`?[31ma:b`) cannot be used: it is not `host:port`.",
  );
  refuses(
    ",a,nats://me:hunter2,3@b",
    "Server address 2 cannot be used: it is not `host:port`.",
  );
  refuses(
    "nats://me:hunter2@a,nats://me:hunter3@b",
    "Server address 2 cannot be used: its user information is not that of the addresses before it.",
  );
  refuses(
    "nats://me:hunter2@",
    "Server address 1 cannot be used: it is not `host:port`.",
  );
  refuses(
    "ws://me/hunter2@a",
    "Server address 1 cannot be used: its path has an `@`.",
  );
  refuses(
    "http://me:hunter2@a",
    "Server address 1 cannot be used: its scheme is none of `nats`, `tls`, `ws` and `wss`.",
  );
  refuses(
    "nats://me:hunter2%zz@a",
    "Server address 1 cannot be used: its user information is not percent-encoded correctly.",
  );
});

void test("whatever stands in a list, it is read or refused, and no password is shown", () => {
  const canary = "k7Qx-canary-Zp3";
  const piece = fc.constantFrom(
    ..."nats:// tls:// ws:// a b.c [::1] : :4222 :x @ / ? # % %40 , . 0.0.0.0 \n \\ \u0000 ü".split(
      " ",
    ),
    `me:${canary}@`,
    `${canary}@`,
    `:${canary},${canary}@`,
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        for (const server of parseServers(pieces.join("")).servers)
          assert.match(
            server,
            /^[^\s@/]+:[1-9]\d{0,4}$|^ws:\/\/[^\s@/]+:[1-9]\d{0,4}(\/[^\s@]*)?$/,
          );
      } catch (error) {
        assert.ok(isKeyturnError(error), inspect(error));
        const shown = inspect(error, { showHidden: true, depth: 9 });
        assert.equal(shown.includes("canary"), false, shown);
      }
    }),
    { numRuns: 2000 },
  );
});

import { readFile } from "node:fs/promises";

import { trimmed } from "../../credentials/text.js";
import { fail } from "../../errors/nats-errors.js";
import { jsonString } from "../../json/index.js";
import { Secret } from "../../secret/secret.js";
import { VaultClient, type VaultReply } from "./vault-client.js";
import {
  readAuth,
  readLookup,
  reasonOf,
  type VaultToken,
} from "./vault-reply.js";
import type { VaultSettings } from "./vault-settings.js";

/** Share of a token's life after which it is renewed, or another is had. */
const renewShare = 2 / 3;

/** A login that is kept up as long as the session is open: renewed, or done again. */
export class VaultSession implements AsyncDisposable {
  readonly #settings: VaultSettings;
  #client: VaultClient | undefined;
  #token: VaultToken | undefined;
  #renewAt = 0;
  #endsAt = 0;
  #tokens = 0;

  constructor(settings: VaultSettings) {
    this.#settings = settings;
  }

  /** How many tokens there were: what was issued to another token than the present one may end with that. */
  get tokens(): number {
    return this.#tokens;
  }

  /**
   * Reads the path of the settings, logged in.
   *
   * @throws KeyturnError `STORE_ABSENT`, `STORE_UNREADABLE`
   */
  async read(signal: AbortSignal): Promise<VaultReply> {
    const isFresh = await this.keepUp(signal);
    let reply = await this.#get(signal);
    if (reply.status === 403 && !isFresh && !(await this.#isAlive(signal))) {
      reply.body.fill(0);
      await this.#logIn(signal);
      reply = await this.#get(signal);
    }
    if (reply.status === 200) return reply;
    throw this.#refused(reply, "");
  }

  /**
   * Sees to it that the token is good for a while.
   *
   * @returns whether it is from just now
   * @throws KeyturnError `STORE_UNREADABLE`
   */
  async keepUp(signal: AbortSignal): Promise<boolean> {
    if (this.#token !== undefined) {
      if (Date.now() < this.#renewAt) return false;
      if (this.#token.isRenewable && (await this.#renew(signal))) return false;
    }
    try {
      await this.#logIn(signal);
      return true;
    } catch (error) {
      // What is left of the present token is used, and the login tried again meanwhile.
      if (this.#token !== undefined && Date.now() < this.#endsAt) return false;
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#token?.token.wipe();
    this.#token = undefined;
    return Promise.resolve();
  }

  /** @returns whether the token lives on for longer than what is left of it anyway */
  async #renew(signal: AbortSignal): Promise<boolean> {
    const { lifeMs = 0, token } = this.#token ?? {};
    const reply = await this.#call(signal, "auth/token/renew-self", {
      token,
      body: Buffer.from("{}"),
    });
    if (reply.status !== 200) {
      reply.body.fill(0);
      return false;
    }
    const renewed = readAuth(reply, this.#settings.place);
    // At the most that it may live, less and less is left, and nothing at last.
    const isLonger =
      renewed.lifeMs !== Infinity && renewed.lifeMs > lifeMs * (1 - renewShare);
    if (isLonger) this.#keep(renewed);
    else renewed.token.wipe();
    return isLonger;
  }

  async #isAlive(signal: AbortSignal): Promise<boolean> {
    const { status, body } = await this.#call(
      signal,
      "auth/token/lookup-self",
      { method: "GET", token: this.#token?.token },
    );
    body.fill(0);
    return status === 200;
  }

  async #logIn(signal: AbortSignal): Promise<void> {
    const { server, place } = this.#settings;
    // Certificates are read at each login, since they are renewed, too.
    this.#client = await VaultClient.open(server, place);
    this.#keep(await this.#loginToken(signal));
  }

  async #loginToken(signal: AbortSignal): Promise<VaultToken> {
    const { login, place } = this.#settings;
    if (login.method === "token") return this.#givenToken(login.file, signal);
    const mount = login.mount.split("/").map(encodeURIComponent).join("/");
    const reply = await this.#call(signal, `auth/${mount}/login`, {
      body: await this.#loginBody(),
    });
    if (reply.status === 200) return readAuth(reply, place);
    throw this.#refused(reply, `the login by \`${login.method}\` `);
  }

  async #loginBody(): Promise<Uint8Array> {
    const { login } = this.#settings;
    switch (login.method) {
      case "approle":
        return jsonObject({
          role_id: Secret.fromText(login.roleId),
          secret_id:
            login.secretIdFile === undefined
              ? undefined
              : await this.#file("secret-id-file", login.secretIdFile),
        });
      case "kubernetes":
        return jsonObject({
          role: Secret.fromText(login.role),
          jwt: await this.#file("jwt-file", login.jwtFile),
        });
      case "cert":
        return jsonObject({
          name:
            login.role === undefined ? undefined : Secret.fromText(login.role),
        });
      case "token":
        return jsonObject({});
    }
  }

  async #givenToken(
    file: string | undefined,
    signal: AbortSignal,
  ): Promise<VaultToken> {
    const { place } = this.#settings;
    const text = process.env["VAULT_TOKEN"] ?? process.env["BAO_TOKEN"];
    if (file === undefined && text === undefined)
      throw fail(
        "STORE_UNREADABLE",
        `There is no token to read ${place} with.`,
        {
          next: "Set `VAULT_TOKEN` or `BAO_TOKEN`, write `token-file=/path`, or choose another `login`.",
        },
      );
    const token =
      file === undefined
        ? Secret.fromText(text ?? "")
        : await this.#file("token-file", file);
    const reply = await this.#call(signal, "auth/token/lookup-self", {
      method: "GET",
      token,
    });
    if (reply.status === 200) return { token, ...readLookup(reply, place) };
    reply.body.fill(0);
    // A token may not be let look at itself; whether it is good shows when it is used.
    return { token, lifeMs: Infinity, isRenewable: false };
  }

  async #file(parameter: string, file: string): Promise<Secret> {
    let bytes: Buffer | undefined;
    try {
      bytes = await readFile(file);
      const text = trimmed(bytes);
      if (text.length === 0) throw new Error("it is empty");
      return Secret.fromBytes(Uint8Array.from(text));
    } catch (cause) {
      throw fail(
        "STORE_UNREADABLE",
        `The file \`${parameter}\` of ${this.#settings.place} cannot be read.`,
        { cause, next: "Put it there, readable by this program." },
      );
    } finally {
      bytes?.fill(0);
    }
  }

  #keep(token: VaultToken): void {
    const before = this.#token?.token;
    if (before === undefined || !before.equals(token.token)) this.#tokens++;
    before?.wipe();
    this.#token = token;
    this.#renewAt = Date.now() + token.lifeMs * renewShare;
    this.#endsAt = Date.now() + token.lifeMs;
  }

  #get(signal: AbortSignal): Promise<VaultReply> {
    return this.#call(signal, this.#settings.path, {
      method: "GET",
      token: this.#token?.token,
    });
  }

  #call(
    signal: AbortSignal,
    path: string,
    request: {
      readonly method?: "GET" | "POST";
      readonly token?: Secret | undefined;
      readonly body?: Uint8Array;
    },
  ): Promise<VaultReply> {
    if (this.#client === undefined) throw new Error("not logged in");
    return this.#client.call({ method: "POST", path, signal, ...request });
  }

  #refused(reply: VaultReply, what: string): Error {
    const { place } = this.#settings;
    const { status } = reply;
    const reason = reasonOf(reply);
    const told = `${status}${reason === "" ? "" : `, ${reason}`}`;
    if (status === 404 && what === "")
      return fail("STORE_ABSENT", `There is nothing where ${place} points.`, {
        next: "Put the fields `jwt` and `seed` there, and check mount and path; it is looked for again.",
      });
    if (status === 400 || status === 403)
      return fail(
        "STORE_UNREADABLE",
        `What ${place} names cannot be read: ${what === "" ? "" : `${what}is `}refused (${told}).`,
        {
          next:
            what === ""
              ? "Give the policy of the token `read` on that path."
              : "Check role, mount and what the login is done with.",
        },
      );
    return fail(
      "STORE_UNREADABLE",
      `What ${place} names cannot be read: the server answers ${told}.`,
      {
        next: "Look at the server: it may be sealed or starting; it is tried again.",
      },
    );
  }
}

/** An object of texts that are secrets, as JSON. What is undefined is left out; the secrets are wiped. */
function jsonObject(
  fields: Readonly<Record<string, Secret | undefined>>,
): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const [name, secret] of Object.entries(fields)) {
    if (secret === undefined) continue;
    pieces.push(
      Buffer.from(`${pieces.length === 0 ? "{" : ","}"${name}":`),
      secret.use(jsonString),
    );
    secret.wipe();
  }
  if (pieces.length === 0) pieces.push(Buffer.from("{"));
  const object = Buffer.concat([...pieces, Buffer.from("}")]);
  for (const piece of pieces) piece.fill(0);
  return object;
}

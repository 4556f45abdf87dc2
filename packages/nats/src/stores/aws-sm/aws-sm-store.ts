import type * as SdkModule from "@aws-sdk/client-secrets-manager";
import type {
  GetSecretValueCommandOutput,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";

import { fail } from "../../errors/nats-errors.js";
import { Secret } from "../../secret/secret.js";
import type { Source } from "../../sources/credential-source.js";
import { badReference, secondsOf } from "../bad-reference.js";
import { Held } from "../held.js";
import type { Maker } from "../material.js";
import { httpAddress } from "../http-address.js";
import type { Reference } from "../reference.js";
import { openStore, type StoreDefinition } from "../store-definition.js";
import { valueToMaterial } from "../value.js";
import { poll } from "../watching.js";
import { awsFault } from "./aws-fault.js";

/** Each poll is a request that is paid for. */
const defaultPollMs = 60_000;
/** How long connecting, and waiting for an answer, may take, in milliseconds. */
const connectMs = 3000;
const answerMs = 5000;
/** Requests for one read; the SDK pauses between them. */
const attempts = 2;

const current = "AWSCURRENT";

/**
 * A secret of AWS Secrets Manager: `aws-sm://region/name`, read by the official SDK, which only who uses
 * this scheme has to have.
 */
export const awsSmStore: StoreDefinition = openStore({
  forms: [
    "aws-sm://eu-central-1/nats/orders",
    "aws-sm:///nats/orders?profile=orders",
  ],
  parameters: ["profile", "endpoint", "stage", "version", "poll"],
  openAs: (reference, make) => new AwsSmSource(reference, make),
});

/** A client, and the SDK that made it. */
class Sdk implements AsyncDisposable {
  readonly #module: typeof SdkModule;
  readonly #client: SecretsManagerClient;

  private constructor(module: typeof SdkModule, client: SecretsManagerClient) {
    this.#module = module;
    this.#client = client;
  }

  static async open(reference: Reference): Promise<Sdk> {
    const { authority: region, parameters } = reference;
    const [profile, endpoint] = [
      parameters.get("profile"),
      parameters.get("endpoint"),
    ];
    const module = await loadSdk();
    const client = new module.SecretsManagerClient({
      ...(region === "" ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
      ...(endpoint === undefined ? {} : { endpoint }),
      maxAttempts: attempts,
      requestHandler: {
        connectionTimeout: connectMs,
        requestTimeout: answerMs,
        throwOnRequestTimeout: true,
      },
    });
    return new Sdk(module, client);
  }

  get(
    secret: {
      readonly SecretId: string;
      readonly VersionStage?: string;
      readonly VersionId?: string;
    },
    abortSignal: AbortSignal,
  ): Promise<GetSecretValueCommandOutput> {
    const command = new this.#module.GetSecretValueCommand(secret);
    return this.#client.send(command, { abortSignal });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.destroy();
    return Promise.resolve();
  }
}

class AwsSmSource<T> implements Source<T> {
  readonly #place: string;
  readonly #name: string;
  readonly #which: { VersionStage: string } | { VersionId: string };
  readonly #held: Held<Sdk>;
  readonly #pollMs: number;
  readonly #make: Maker<T>;

  constructor(reference: Reference, make: Maker<T>) {
    this.#make = make;
    const { authority: region, path, parameters, scheme, text } = reference;
    this.#place = text;
    this.#name = path.slice(1);
    if (!/^[-/_+=.@!:\w]{1,2048}$/.test(this.#name))
      throw badReference(
        scheme,
        "it names no secret",
        "Write it as `aws-sm://region/name`, or `aws-sm:///name` with the region of the environment.",
      );
    if (!/^([a-z]{2,}(-[a-z0-9]+)+)?$/.test(region))
      throw badReference(
        scheme,
        "what stands after `//` is no region",
        "Write it as `aws-sm://eu-central-1/name`.",
      );
    const endpoint = parameters.get("endpoint");
    if (endpoint !== undefined) httpAddress(scheme, endpoint);
    const [stage, version] = [
      parameters.get("stage"),
      parameters.get("version"),
    ];
    if (stage !== undefined && version !== undefined)
      throw badReference(
        scheme,
        "it has both `stage` and `version`",
        "Give one of them.",
      );
    this.#which =
      version === undefined
        ? { VersionStage: stage ?? current }
        : { VersionId: version };
    this.#pollMs =
      secondsOf(scheme, "poll", parameters.get("poll")) ?? defaultPollMs;
    this.#held = new Held(() => Sdk.open(reference));
  }

  async read(signal: AbortSignal): Promise<T> {
    const answer = await this.#held.use(signal, async (sdk) => {
      try {
        return await sdk.get({ SecretId: this.#name, ...this.#which }, signal);
      } catch (cause) {
        throw awsFault(cause, this.#place);
      }
    });
    const { VersionId: version } = answer;
    return this.#make(valueToMaterial(valueOf(answer), this.#place), {
      source: this.#place,
      plaintext: false,
      ...(version === undefined ? {} : { version }),
    });
  }

  watch(changed: () => void): () => void {
    const endHold = this.#held.hold();
    const endPoll = poll(this.#pollMs, changed);
    return () => {
      endPoll();
      endHold();
    };
  }
}

function valueOf(answer: GetSecretValueCommandOutput): Secret {
  const { SecretBinary: bytes, SecretString: text } = answer;
  if (bytes === undefined) return Secret.fromText(text ?? "");
  const value = Secret.fromBytes(Uint8Array.from(bytes));
  bytes.fill(0);
  return value;
}

async function loadSdk(): Promise<typeof SdkModule> {
  try {
    return await import("@aws-sdk/client-secrets-manager");
  } catch (cause) {
    throw fail(
      "STORE_CLIENT_MISSING",
      "References `aws-sm:` need the package `@aws-sdk/client-secrets-manager`, which cannot be loaded.",
      {
        cause,
        next: "Install it: `npm install @aws-sdk/client-secrets-manager@3`.",
      },
    );
  }
}

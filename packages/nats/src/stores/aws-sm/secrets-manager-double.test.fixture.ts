import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

type Answer = { readonly status: number; readonly body: unknown };

/**
 * As much of the API of Secrets Manager as a reader asks, as its model defines it (`GetSecretValue`,
 * awsJson 1.1). The long tests ask the double that others have made.
 */
export class SecretsManagerDouble implements AsyncDisposable {
  value: string | Uint8Array | undefined;
  version = 0;
  /** Answers in the place of all else. */
  instead: Answer | undefined;
  waiting: Promise<unknown> = Promise.resolve();
  readonly requests: unknown[] = [];
  readonly #server = createServer();

  static async start(): Promise<SecretsManagerDouble> {
    const double = new SecretsManagerDouble();
    double.#server.on("request", (request, response) => {
      void (async () => {
        double.requests.push([
          request.headers["x-amz-target"],
          await json(request),
        ]);
        await double.waiting;
        const { status, body } = double.#answer();
        response
          .writeHead(status, { "content-type": "application/x-amz-json-1.1" })
          .end(JSON.stringify(body));
      })();
    });
    await new Promise<void>((done) =>
      double.#server.listen(0, "127.0.0.1", () => done()),
    );
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  put(value: string | Uint8Array): void {
    this.value = value;
    this.version++;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #answer(): Answer {
    if (this.instead !== undefined) return this.instead;
    if (this.value === undefined)
      return fault(
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
      );
    return {
      status: 200,
      body: {
        ARN: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-a1b2c3",
        Name: "orders",
        VersionId: `00000000-0000-0000-0000-${String(this.version).padStart(12, "0")}`,
        VersionStages: ["AWSCURRENT"],
        CreatedDate: 1700000000,
        ...(typeof this.value === "string"
          ? { SecretString: this.value }
          : { SecretBinary: Buffer.from(this.value).toString("base64") }),
      },
    };
  }
}

/** An error of the service. */
export function fault(type: string, message: string): Answer {
  return { status: 400, body: { __type: type, message } };
}

/** What a signing host asks of the thread or process that has the seeds. */
export type Question =
  | {
      readonly type: "load";
      /** A `.creds` file that is to be read there. */
      readonly file?: string;
      /** Or its bytes, which are wiped there. */
      readonly bytes?: Uint8Array;
      /** Names the origin in messages. */
      readonly where: string;
    }
  | { readonly type: "sign"; readonly key: number; readonly nonce: Uint8Array }
  | { readonly type: "forget"; readonly key: number };

/** A question with its number. */
export interface Asked {
  readonly id: number;
  readonly question: Question;
}

/** A `.creds` text without its seed, which stays where it was read. */
export interface Loaded {
  readonly jwt: string;
  /** Absent for a bearer JWT. */
  readonly signer:
    { readonly key: number; readonly publicKey: string } | undefined;
}

/** An error on its way between threads or processes. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

export interface Answer {
  readonly id: number;
  readonly value?: Loaded | Uint8Array | undefined;
  readonly failure?: Failure;
}

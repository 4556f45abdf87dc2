// X.509 certificates (RFC 5280) with P-256 keys, made with nothing but Node.
import { createHash, randomBytes, sign, type KeyObject } from "node:crypto";

import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  ipBytes,
  octetString,
  oid,
  sequence,
  set,
  time,
  utf8String,
} from "./der.js";

/** What a certificate is good for. */
export type CertificateUse = "authority" | "server" | "client";

/** What stands in a certificate, and who signs it. */
export interface CertificateContent {
  /** Common name. */
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly issuer: string;
  readonly issuerKeys: {
    readonly publicKey: KeyObject;
    readonly privateKey: KeyObject;
  };
  readonly use: CertificateUse;
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));
const version3 = explicit(0, integer(Buffer.of(2)));

/** PEM of a signed certificate. */
export function certificatePem(content: CertificateContent): string {
  const { notBefore, notAfter, publicKey, issuerKeys } = content;
  const signed = sequence(
    version3,
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    commonName(content.issuer),
    sequence(time(notBefore), time(notAfter)),
    commonName(content.subject),
    publicKey.export({ format: "der", type: "spki" }),
    explicit(3, sequence(...extensions(content))),
  );
  const signature = sign("sha256", signed, issuerKeys.privateKey);
  return pemText(
    "CERTIFICATE",
    sequence(signed, ecdsaWithSha256, bitString(signature)),
  );
}

function extensions(content: CertificateContent): Buffer[] {
  const isAuthority = content.use === "authority";
  // keyCertSign and cRLSign, or digitalSignature: bits 5 and 6, or bit 0.
  const usage = isAuthority
    ? bitString(Buffer.of(0b0000_0110), 1)
    : bitString(Buffer.of(0b1000_0000), 7);
  return [
    extension(
      "2.5.29.19",
      sequence(...(isAuthority ? [boolean(true)] : [])),
      true,
    ),
    extension("2.5.29.15", usage, true),
    ...(isAuthority
      ? []
      : [extension("2.5.29.37", sequence(oid(purposes[content.use])))]),
    extension("2.5.29.14", octetString(keyId(content.publicKey))),
    extension(
      "2.5.29.35",
      sequence(implicit(0, keyId(content.issuerKeys.publicKey))),
    ),
    ...(content.names.length === 0
      ? []
      : [extension("2.5.29.17", sequence(...content.names.map(generalName)))]),
  ];
}

const purposes = {
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
  authority: "2.5.29.37.0",
} as const satisfies Record<CertificateUse, string>;

function extension(id: string, content: Buffer, critical = false): Buffer {
  const flag = critical ? [boolean(true)] : [];
  return sequence(oid(id), ...flag, octetString(content));
}

function generalName(name: string): Buffer {
  const ip = ipBytes(name);
  return ip === undefined
    ? implicit(2, Buffer.from(name, "ascii"))
    : implicit(7, ip);
}

function commonName(name: string): Buffer {
  return sequence(set(sequence(oid("2.5.4.3"), utf8String(name))));
}

function keyId(key: KeyObject): Buffer {
  const spki = key.export({ format: "der", type: "spki" });
  return createHash("sha1").update(spki).digest();
}

function pemText(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return [
    `-----BEGIN ${label}-----`,
    ...lines,
    `-----END ${label}-----`,
    "",
  ].join("\n");
}

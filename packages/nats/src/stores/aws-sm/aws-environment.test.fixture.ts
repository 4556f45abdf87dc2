/** An identity that no service knows; nothing else of this machine's is asked for one. */
export function withTestIdentity(): void {
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_EC2_METADATA_DISABLED: "true",
  });
}

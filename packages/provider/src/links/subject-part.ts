/**
 * Whether a text may become part of a NATS subject as it is: no blanks, control characters or
 * wildcards, no empty token, at most 256 characters. Ids come from outside and end up in
 * subjects, where a blank would be protocol and a wildcard would reach strangers.
 */
export function isSubjectPart(text: string): boolean {
  return (
    text.length <= 256 &&
    // oxlint-disable-next-line no-control-regex -- control characters are what is refused
    /^[^\s\u0000-\u001f\u007f.*>]+(?:\.[^\s\u0000-\u001f\u007f.*>]+)*$/u.test(
      text,
    )
  );
}

import { z } from 'zod';

/** RFC 5321 allows an address 254 characters. */
const emailCharsMax = 254;
/** Room for any sentence, and a bound on what is hashed. */
const passwordCharsMax = 128;

/** One spelling per person: addresses are compared without case everywhere that matters, and copied with spaces around them. */
const email = z
  .string()
  .max(emailCharsMax + 16) // with spaces around it
  .transform((raw) => raw.trim().toLowerCase())
  .pipe(z.email().max(emailCharsMax));

/** The same characters typed on two keyboards are the same bytes (NFKC, as NIST SP 800-63B asks). */
const password = z
  .string()
  .max(passwordCharsMax)
  .transform((raw) => raw.normalize('NFKC'));

/** REQUIREMENTS A1. */
const demands = [
  { code: 'password_too_short', message: 'At least 8 characters', form: /^.{8,}$/su },
  { code: 'password_without_upper_case', message: 'At least one upper-case letter', form: /\p{Lu}/u },
  { code: 'password_without_lower_case', message: 'At least one lower-case letter', form: /\p{Ll}/u },
  { code: 'password_without_digit', message: 'At least one digit', form: /\p{Nd}/u },
];

/** All that a password lacks at once, so that it is mended in one go. */
const strongPassword = password.superRefine((text, ctx) => {
  for (const { code, message, form } of demands) {
    if (!form.test(text)) ctx.addIssue({ code: 'custom', params: { code }, message });
  }
});

export const registration = z.strictObject({ email, password: strongPassword });
export const credentials = z.strictObject({ email, password });

/** 256 bits in base64url; what is of another form is no token of ours, and is answered like one that is over. */
export const refreshTokenBody = z.strictObject({ refresh_token: z.string().max(256) });
export const passwordChange = z.strictObject({ current_password: password, new_password: strongPassword });

export type Registration = z.output<typeof registration>;
export type Credentials = z.output<typeof credentials>;
export type PasswordChange = z.output<typeof passwordChange>;

/** What was read is not an object of Revio's that this system knows. The message names fields, never their values. */
export class NotRevioObject extends Error {
  override readonly name = 'NotRevioObject';
}

/** The demo did not go as it should: the message is for whoever watches, and the exit code is 1. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
}

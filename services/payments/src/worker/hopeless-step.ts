/**
 * A step that no repeat can do: something is wrong with the row or with a service, and a human must look. Its worker puts it down
 * instead of trying for ever; the row keeps its status, and the reconciler opens a case about a transaction that stays without an
 * object at Revio.
 */
export class HopelessStep extends Error {
  override readonly name = 'HopelessStep';
}

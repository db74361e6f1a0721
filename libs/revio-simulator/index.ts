export { type Control, ControlRefused } from './control.ts';
export { type RevioSimulator, type RevioSimulatorOptions, startRevioSimulator } from './simulator.ts';
export type { ProviderRow } from './truth.ts';

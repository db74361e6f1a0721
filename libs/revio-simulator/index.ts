export { type RevioSimulator, type RevioSimulatorOptions, startRevioSimulator } from './simulator.ts';

export { type BarePlatform, barePlatform } from './bare-platform.ts';
export { type RevioSimulator, type RevioSimulatorOptions, startRevioSimulator } from './simulator.ts';

export { main } from './main.ts';
export {
  type Platform,
  type RunningService,
  runService,
  type ServiceDefinition,
  type Wiring,
} from './run-service.ts';

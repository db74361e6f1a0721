export { inboxRoute } from './inbox-route.ts';
export { main } from './main.ts';
export {
  type Platform,
  type RunningService,
  runService,
  type Wiring,
} from './run-service.ts';

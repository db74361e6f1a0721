export { inboxRoute } from './inbox-route.ts';
export { main } from './main.ts';
export { refuseInsecure } from './refuse-insecure.ts';
export {
  type Platform,
  type RunningService,
  runService,
  type Wiring,
} from './run-service.ts';
export { heardStory, storyOf, storyRoutes, type TellStory } from './story-routes.ts';

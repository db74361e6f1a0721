export { ContractError, type Envelope, envelope, parseEnvelope } from './envelope.ts';
export {
  type EventData,
  type EventType,
  events,
  eventTypes,
  listensTo,
  type ServiceName,
  serviceNames,
} from './events.ts';
export {
  type DayPostingsAnswer,
  type DayTotalsAnswer,
  dayPostingsAnswer,
  dayPostingsQuery,
  dayTotalsAnswer,
  dayTotalsQuery,
  type FedPosting,
  type HoldDecision,
  type HoldRequest,
  holdDecision,
  holdRequest,
  inboxLookupAnswer,
  inboxLookupRequest,
  postingCursor,
  postingsFound,
  postingsPage,
  postingsQuery,
  postingsWanted,
  providerReadAnswer,
  providerReadRequest,
  type StoryLine,
  storyAnswer,
  storyLine,
  storyLinesMax,
  storyMessagesRequest,
  type TimelineAnswer,
  timelineAnswer,
} from './internal-api.ts';
export {
  type Observation,
  observation,
  type PaymentObservation,
  type PayoutObservation,
  type PurchaseObservation,
} from './observation.ts';
export { amountText, samples, shownAmount, shownAt, shownUuid } from './public-api.ts';
export { currency, foreignId, minorUnits, transactionId, userId } from './scalars.ts';

export { amqpPrefix } from './broker-prefix.ts';
export { type FreshDatabase, freshDatabase } from './fresh-database.ts';
export { poll } from './poll.ts';
export { type TcpProxy, tcpProxy } from './tcp-proxy.ts';

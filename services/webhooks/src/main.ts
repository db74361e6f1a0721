import { loadConfig } from '#libs/runtime';
import { main } from '#libs/service';
import { config } from './config.ts';
import { start } from './start.ts';

main(() => start(loadConfig(config, process.env)));

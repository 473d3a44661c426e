/**
 * The story of a lossy network as a process of its own, to be started inside a network namespace: plan in, outcome out.
 */

import { writeSync } from 'node:fs';
import { lossyStory, type Plan } from './lossy-story.ts';

writeSync(1, JSON.stringify(await lossyStory(JSON.parse(process.argv[2]) as Plan)));

// The worker's script: everything that takes longer than a frame of the page.
import { makeCalls } from './calls.js';
import { answerCalls } from './rpc.js';

answerCalls(self as unknown as Worker, makeCalls());

import type { Command } from '../command.js';
import { serve } from './serve.js';

/** Every command, in the order the help lists them. */
export const COMMANDS: readonly Command[] = [serve];

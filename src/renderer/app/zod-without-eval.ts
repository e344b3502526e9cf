import * as z from 'zod';

// The content security policy forbids the code zod would generate. Imported first: schemas ask when they are made.
z.config({ jitless: true });
